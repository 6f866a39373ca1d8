import type { Clock } from '../clock.ts'
import { routeOwnerName } from '../contract/route-owner.ts'
import { sinkNamesOf } from '../contract/keyring/sink-names.ts'
import { InboxUnavailableError, type AppendResult, type Inbox, type NewEvent } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import type { CounterHandle, Metrics } from '../observability/metrics.ts'
import { unsendable, type SendOutcome, type Sink } from '../sinks/port.ts'
import { unreachable } from '../unreachable.ts'
import type { AttachedRoute } from './attached-route.ts'
import type { RouteIndex } from './route-index.ts'

export interface RoutingSinkOptions {
  /** The routes of a webhook as they stand now. */
  readonly indexOf: (webhookUid: string) => RouteIndex
  /** Of an event, as filters compare it. Must not throw. */
  readonly typeOf: (event: NewEvent) => string
  /** Stores a copy, by the promises of an inbox. */
  readonly append: (event: NewEvent) => Promise<AppendResult>
  readonly inbox: Pick<Inbox, 'appendGivenUp'>
  /** Called with each copy that found its route full; must not throw. */
  readonly onFull: (copy: NewEvent) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Copies of one event that are stored at once: they share a write, and a body of 256 KiB is held that often. */
const copiesAtOnce = 16

/**
 * The routing step: each route of the event's webhook that it matches gets a copy, which is the route's own from then
 * on. Storing is idempotent, so that a step that was cut off anywhere is repeated and folds. It succeeds once every
 * copy is durable; a route that is full keeps its copy as a dead letter and holds up no other.
 */
export function createRoutingSink(options: RoutingSinkOptions): Sink {
  const full = options.metrics.counter({
    name: 'gwh_route_full_total',
    help: 'Events that a route got as dead letters at once, because it has used its share of the inbox.',
    labels: ['route_namespace'],
  })
  return {
    send: ({ event, sink }, signal) =>
      sink.destination.type === 'routes'
        ? route(event, sink.delivery.timeoutMs, signal, { ...options, full })
        : Promise.resolve({ type: 'permanent', cause: unsendable }),
    close: () => Promise.resolve(),
  }
}

type StepDeps = RoutingSinkOptions & { full: CounterHandle }

/** Why a step has to be repeated. */
type Obstacle = 'inboxFull' | 'inboxUnavailable' | 'fault'

async function route(event: NewEvent, timeoutMs: number, signal: AbortSignal, deps: StepDeps): Promise<SendOutcome> {
  const { indexOf, typeOf, clock } = deps
  const untilMs = clock.monotonic() + timeoutMs
  const copies = indexOf(event.owner.uid)
    .matching(event, typeOf(event))
    .map((attached) => copyFor(attached, event))
  for (let at = 0; at < copies.length; at += copiesAtOnce) {
    if (signal.aborted) return retryable('cancelled')
    if (clock.monotonic() >= untilMs) return retryable('timeout')
    const stored = await Promise.all(copies.slice(at, at + copiesAtOnce).map((copy) => store(copy, deps)))
    const obstacle = stored.find((one) => one !== 'kept')
    if (obstacle !== undefined) return retryable(obstacle)
  }
  return { type: 'delivered' }
}

/** What Google sent, as it came: of the route, for the sinks that it has now. */
function copyFor(attached: AttachedRoute, event: NewEvent): NewEvent {
  const { uid, namespace, name } = attached
  return { ...event, owner: { uid, namespace, name: routeOwnerName(name) }, sinks: sinkNamesOf(attached) }
}

async function store(copy: NewEvent, { append, inbox, onFull, full, logger }: StepDeps): Promise<'kept' | Obstacle> {
  try {
    const appended = await append(copy)
    if (appended === 'stored' || appended === 'duplicate') return 'kept'
    if (appended === 'inboxFull') return appended
    if (appended === 'ownerBusy') return 'inboxUnavailable'
    const givenUp = await inbox.appendGivenUp(copy, 'RouteFull')
    switch (givenUp) {
      case 'stored':
      case 'dropped':
        full.add(1, { route_namespace: copy.owner.namespace })
        onFull(copy)
        return 'kept'
      case 'duplicate':
        return 'kept'
      case 'full':
        return 'inboxFull'
      default:
        return unreachable(givenUp)
    }
  } catch (error) {
    if (error instanceof InboxUnavailableError) return 'inboxUnavailable'
    const { namespace, name } = copy.owner
    logger.error({ error, namespace, name, eventId: copy.eventId }, 'route.fault')
    return 'fault'
  }
}

function retryable(cause: Obstacle | 'cancelled' | 'timeout'): SendOutcome {
  return { type: 'retryable', cause }
}
