import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { Clock } from '../../clock.ts'
import { isNewer } from '../facts/is-newer.ts'

interface Remembered {
  /** Our own last write, until the cache shows it or something newer. */
  written?: GeminiRoute
  /** When counts were last written, on the monotonic clock. */
  countsMs?: number
}

/** What this process remembers of each route, by its uid, beyond what is stored in Kubernetes. */
export class RouteMemories {
  readonly #clock: Clock
  readonly #byUid = new Map<string, Remembered>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The newest version: no pass works on one that is older than our own last write. */
  newest(cached: GeminiRoute): GeminiRoute {
    const { written } = this.#of(cached)
    return written !== undefined && isNewer(written, cached) ? written : cached
  }

  wrote(route: GeminiRoute, { counts }: { counts: boolean }): void {
    const { uid } = route.metadata
    const countsMs = counts ? this.#clock.monotonic() : this.#of(route).countsMs
    this.#byUid.set(uid, { written: route, ...(countsMs !== undefined && { countsMs }) })
  }

  /** Whether what the cache shows now is our own last write, which then need not be kept beside it. */
  sawOwnWrite(route: GeminiRoute): boolean {
    const { written, countsMs } = this.#of(route)
    if (written === undefined || isNewer(written, route)) return false
    this.#byUid.set(route.metadata.uid, countsMs === undefined ? {} : { countsMs })
    return written.metadata.resourceVersion === route.metadata.resourceVersion
  }

  /** Since counts were last written, milliseconds. */
  sinceCountsMs(route: GeminiRoute): number {
    return this.#clock.monotonic() - (this.#of(route).countsMs ?? -Infinity)
  }

  forget(uid: string): void {
    this.#byUid.delete(uid)
  }

  #of({ metadata }: GeminiRoute): Remembered {
    return this.#byUid.get(metadata.uid) ?? {}
  }
}
