import type { AdminError, AnswerOf, ReadBy } from '../contract/admin-api/route.ts'
import type { AdminRoutes } from '../contract/admin-api/routes.ts'

/** The answer to a request, sent as JSON. */
export type AdminReply<Answer = unknown> =
  { readonly status: 200; readonly body: Answer } | { readonly status: number; readonly body: AdminError }

/** Answers one route, asked as its contract says. Throws what the inbox throws. */
export type Handler<Name extends keyof AdminRoutes, Deps> = (
  given: ReadBy<AdminRoutes[Name]>,
  deps: Deps,
) => Promise<AdminReply<AnswerOf<AdminRoutes[Name]>>> | AdminReply<AnswerOf<AdminRoutes[Name]>>

/**
 * Called once something was made due; `lanes` (`ownerUid/sink`): those whose sink is to be tried now, even if its
 * circuit is open.
 */
export type OnDue = (lanes: Iterable<string>) => void

export function ok<Answer>(body: Answer): AdminReply<Answer> {
  return { status: 200, body }
}

/** `error` names the field, says what was wrong and what to give instead. */
export function refused(status: 400 | 403 | 404 | 409 | 413 | 503, error: string): AdminReply<never> {
  return { status, body: { error } }
}
