/** What deliveries have shown about one endpoint or route. Times are our clock, milliseconds since the epoch. */
export interface Activity {
  /** Of a route: when something was last delivered. */
  readonly lastVerifiedMs: number | undefined
  /** Since when authentic deliveries have been refused without one being stored. */
  readonly refusingSinceMs: number | undefined
  /** The last endpoint check that a new delivery answered, and the key that verified it. */
  readonly check: { readonly attemptID: string; readonly keyID: string } | undefined
}

interface MutableActivity {
  lastVerifiedMs: number | undefined
  refusingSinceMs: number | undefined
  check: { attemptID: string; keyID: string } | undefined
}

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
