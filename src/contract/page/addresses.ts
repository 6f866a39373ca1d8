/**
 * Where the server of the page answers, relative to the page itself: it lies below a path of this start, so that the
 * cookie goes to no other server on this machine's loopback. No zod here, so that the page can import it.
 */
export const pageAddresses = {
  /** GET: server-sent events, each a `PageMessage` as JSON. Begins with all there is, then only what changed. */
  stream: 'api/stream',
  /** GET, query `WebhookKey`: a `WebhookDetail`; 404 when there is none (any more). */
  webhook: 'api/webhook',
  /** GET, query `RouteKey`: a `RouteDetail`; 404 when there is none (any more). */
  route: 'api/route',
  /** GET, query `DeliveryKey`: a `DeliveryLife`; 404 when no receiver remembers it. */
  delivery: 'api/delivery',
  /** GET, query `PagedSelection`: a `DeliveryPage<DeadLetter>`. */
  deadLetters: 'api/dead-letters',
  /** GET, query `PagedSelection`: a `DeliveryPage<PendingDelivery>`. */
  pending: 'api/pending',
  /** GET, query `Selection` and `of`: a `SelectionCount`, for the question before an action on a selection. */
  count: 'api/count',
  /** GET, query `{ id }` of a dead letter: an `EventBody`. Only when a person asked for it. */
  body: 'api/body',
  /** POST, body `ActionRequest`: an `ActionResult`, once it is known how it went. */
  act: 'api/act',
  /** Below it the playground answers, where `Hello.playground` is true. Contract: src/contract/playground. */
  playground: 'api/playground/',
} as const

/**
 * On every POST, any value: a form of another site cannot set it. The server refuses a POST without it, or of another
 * Origin.
 */
export const pageHeader = 'x-gwh-page'

/** Every answer that is no success: what was wrong, and what to do. 401: the page was opened without its token. */
export interface PageError {
  readonly error: string
}
