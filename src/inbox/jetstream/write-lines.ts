import { routeNameOf, routesSinkName } from '../../contract/route-owner.ts'
import type { InboxOwner } from '../port.ts'
import { GroupCommit, type GroupCommitDeps } from './group-commit.ts'
import type { Put, PutResult } from './publisher.ts'

/**
 * Whether it is what routes get, or the step that hands it on to them: one event may cause many times the writes of its
 * own, and but for what comes to a route's own endpoint nobody waits for an answer to it.
 */
export function isForRoutes({ name }: Pick<InboxOwner, 'name'>, sink?: string): boolean {
  return routeNameOf(name) !== undefined || sink === routesSinkName
}

/**
 * Writes to the server in two lines, so that an event for which a sender waits is never behind what was written for
 * routes: neither in a batch of it, nor behind one that is under way, nor because so much of it comes that writes wait
 * for more. All writes of one subject have the same line, and keep their order.
 */
export class WriteLines {
  readonly #senders: GroupCommit
  readonly #routes: GroupCommit

  constructor(deps: GroupCommitDeps) {
    this.#senders = new GroupCommit(deps)
    this.#routes = new GroupCommit(deps)
  }

  /** Whether the stream takes batches. */
  set takesBatches(takesBatches: boolean) {
    this.#senders.takesBatches = takesBatches
    this.#routes.takesBatches = takesBatches
  }

  /** Durable when it resolves with `stored`. When it throws, the write may have happened all the same. */
  put(put: Put): Promise<PutResult> {
    return (put.isForRoutes ? this.#routes : this.#senders).put(put)
  }
}
