const windowMs = 60_000

/** Requests of each project in the last minute. */
export class RateLimit {
  readonly #times = new Map<string, number[]>()

  /**
   * Counts one request; seconds until there is room again where there is none, else undefined. `limit` 0 means none.
   */
  admit(project: string, limit: number, nowMs: number): number | undefined {
    const recent = (this.#times.get(project) ?? []).filter((atMs) => atMs > nowMs - windowMs)
    this.#times.set(project, recent)
    const oldest = recent[0]
    if (limit > 0 && recent.length >= limit && oldest !== undefined) {
      return Math.max(Math.ceil((oldest + windowMs - nowMs) / 1000), 1)
    }
    recent.push(nowMs)
    return undefined
  }
}
