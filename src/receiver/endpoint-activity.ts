/** What deliveries have shown about one endpoint or route. Times are our clock, milliseconds since the epoch. */
export interface Activity {
  /** Of a route: when something was last delivered. */
  readonly lastVerifiedMs: number | undefined
  /**
   * Since when authentic deliveries have been refused without one being stored; of a route, since when it is full: it
   * gets events as dead letters, and its own endpoint takes none.
   */
  readonly refusingSinceMs: number | undefined
  /** The last endpoint check that a new delivery answered, and the key that verified it. */
  readonly check: { readonly attemptID: string; readonly keyID: string } | undefined
}

interface MutableActivity {
  lastVerifiedMs: number | undefined
  refusingSinceMs: number | undefined
  /** Of a route: when an event last found it full. */
  lastFullMs?: number
  check: { attemptID: string; keyID: string } | undefined
}

/**
 * So long after the last event that found it full a route counts as full: one at the edge of its share takes and gives
 * up events by turns, and each turn would be a write.
 */
const fullForMs = 15 * 60_000

/** By uid of the object. Only deliveries with a good signature come to be here, so strangers cannot make it grow. */
export class EndpointActivity {
  readonly #byUid = new Map<string, MutableActivity>()

  noteVerified(uid: string, nowMs: number): void {
    this.#of(uid).lastVerifiedMs = nowMs
  }

  /** A sink of this route has taken something: told in the same place, since a route has no endpoint to verify. */
  noteDelivered(routeUid: string, nowMs: number): void {
    this.#of(routeUid).lastVerifiedMs = nowMs
  }

  /** Stored now or before: the endpoint works. */
  noteKept(uid: string): void {
    this.#of(uid).refusingSinceMs = undefined
  }

  noteCheckAnswered(uid: string, attemptID: string, keyID: string): void {
    this.#of(uid).check = { attemptID, keyID }
  }

  noteRefused(uid: string, nowMs: number): void {
    this.#of(uid).refusingSinceMs ??= nowMs
  }

  /** This route has used up its share: it got an event as a dead letter at once, or its own endpoint refused one. */
  noteFull(routeUid: string, nowMs: number): void {
    const route = this.#of(routeUid)
    route.refusingSinceMs ??= nowMs
    route.lastFullMs = nowMs
  }

  /** Routes of which nothing was given up lately are not full any more. */
  endFull(nowMs: number): void {
    for (const route of this.#byUid.values()) {
      if (route.lastFullMs === undefined || nowMs - route.lastFullMs < fullForMs) continue
      route.refusingSinceMs = undefined
      delete route.lastFullMs
    }
  }

  entries(): Iterable<[string, Activity]> {
    return this.#byUid
  }

  forget(uid: string): void {
    this.#byUid.delete(uid)
  }

  #of(uid: string): MutableActivity {
    let activity = this.#byUid.get(uid)
    if (activity === undefined) {
      activity = { lastVerifiedMs: undefined, refusingSinceMs: undefined, check: undefined }
      this.#byUid.set(uid, activity)
    }
    return activity
  }
}
