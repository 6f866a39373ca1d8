import { KubernetesApiError, type KubernetesClient } from '../kubernetes/client.ts'
import { configMapKind, type ConfigMap } from '../kubernetes/core-kinds.ts'
import { reportLivenessMs } from '../contract/receiver-report/report.ts'
import { firstSlotOf, formerConfigMapName, slotCount, slotName } from '../contract/receiver-report/slots.ts'

interface PlaceOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'patch'>
  /** The operator's own namespace. */
  readonly namespace: string
  /** Our data key. */
  readonly podName: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Short, because the last report delays the end of the process. */
const timeoutMs = 5_000
/** Places tried in one round; the next round continues where this one ended. */
const triesEach = 4
/**
 * The place is missing, not ours to write, made immutable, or full: another one may work. Any other failure would occur
 * there too.
 */
const unusable: ReadonlySet<number> = new Set([403, 404, 409, 413, 422])

/**
 * Where the report of this receiver stands: in one of the ConfigMaps that the controller makes, alone where there are
 * enough. A receiver moves to the next where it cannot write, and where another that runs has the smaller name, so that
 * two agree without communication. Under a controller of an older version it is the ConfigMap that all receivers share.
 */
export class ReportPlace {
  readonly #options: PlaceOptions
  #slot: number
  /** Each place is left to others once: if all are taken, one is shared. */
  #yielded = 0
  #written: { name: string; text: string } | undefined

  constructor(options: PlaceOptions) {
    this.#options = options
    this.#slot = firstSlotOf(options.podName)
  }

  /**
   * Throws where no place could be written. What was written before stays until this stands elsewhere: a client that
   * takes all places silences no receiver.
   */
  async write(text: string): Promise<void> {
    let refused: unknown
    let isWritten = false
    for (let tries = 0; tries < triesEach; tries++) {
      try {
        const name = slotName(this.#slot)
        const answer = await this.#patch(name, text)
        isWritten = true
        await this.#moveTo(name, text)
        if (!this.#isTaken(answer)) return
        this.#yielded += 1
      } catch (error) {
        if (!isUnusable(error)) throw error
        refused ??= error
      }
      this.#slot = (this.#slot + 1) % slotCount
    }
    if (isWritten) return
    await this.#patch(formerConfigMapName, text).catch((error: unknown) => Promise.reject(refused ?? error))
    this.#written = { name: formerConfigMapName, text }
  }

  async #moveTo(name: string, text: string): Promise<void> {
    const before = this.#written?.name ?? name
    this.#written = { name, text }
    if (before === name) return
    await this.#patch(before, null).catch((error: unknown) => {
      if (!isUnusable(error)) throw error
    })
  }

  /** Whether what was written last is still there. If that cannot be read, it counts as there. */
  async stands(): Promise<boolean> {
    const { client, namespace, podName } = this.#options
    if (this.#written === undefined) return false
    const { name, text } = this.#written
    try {
      const found = await client.get<ConfigMap>(configMapKind, { namespace, name }, { timeoutMs })
      return found?.data?.[podName] === text
    } catch {
      return true
    }
  }

  #patch(name: string, text: string | null): Promise<ConfigMap> {
    const { client, namespace, podName } = this.#options
    const body = { data: { [podName]: text } }
    return client.patch<ConfigMap>(configMapKind, { namespace, name }, body, { type: 'merge', timeoutMs })
  }

  #isTaken({ data = {} }: ConfigMap): boolean {
    const { podName, now } = this.#options
    if (this.#yielded >= slotCount) return false
    return Object.entries(data).some(([pod, text]) => pod < podName && isOfOneThatRuns(text, now()))
  }
}

function isUnusable(error: unknown): boolean {
  return error instanceof KubernetesApiError && unusable.has(error.status)
}

/** As the first bytes of a report say it; the rest may be long. */
function isOfOneThatRuns(text: string, nowMs: number): boolean {
  const [, time = '', rest = ''] = /^\{"time":"([^"]{1,40})"(.{0,40})/.exec(text) ?? []
  return Math.abs(nowMs - Date.parse(time)) < 2 * reportLivenessMs && !rest.includes('"stopped":true')
}
