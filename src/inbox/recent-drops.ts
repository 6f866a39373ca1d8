/** Longer than it is reported; bounds what is kept of objects that are gone. */
const rememberedMs = 24 * 3_600_000

/** When dead letters of each object were last dropped for good, by uid: what this process did in the last 24 hours. */
export class RecentDrops {
  readonly #lastMs = new Map<string, number>()

  note(ownerUid: string, nowMs: number): void {
    this.#lastMs.set(ownerUid, nowMs)
  }

  /** Milliseconds since the epoch. */
  byOwner(nowMs: number): Map<string, number> {
    for (const [uid, atMs] of this.#lastMs) if (nowMs - atMs > rememberedMs) this.#lastMs.delete(uid)
    return new Map(this.#lastMs)
  }
}
