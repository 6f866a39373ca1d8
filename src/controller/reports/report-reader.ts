import type { Clock } from '../../clock.ts'
import type { KubernetesClient, KubernetesObject, ObjectKey } from '../../kubernetes/client.ts'
import type { ObjectChange } from '../../kubernetes/reflector.ts'
import type { Logger } from '../../observability/logger.ts'
import { formerConfigMapName, slotNames } from '../../contract/receiver-report/slots.ts'
import { configMapKind, type ConfigMap } from '../../kubernetes/core-kinds.ts'

interface ReaderOptions {
  client: Pick<KubernetesClient, 'get'>
  namespace: string
  clock: Clock
  logger: Logger
  /** Between two readings of one ConfigMap at the least; a full one rests twice as long. */
  restMs: number
  /** What was read is new, or a ConfigMap is gone: `type` says which. */
  onRead: (change: ObjectChange<ConfigMap>) => void
}

interface Slot {
  known: ConfigMap | undefined
  /** There may be something newer than what is known. */
  isBehind: boolean
  reading: Promise<void> | undefined
  cancel: (() => void) | undefined
  restUntilMs: number
}

/** What a ConfigMap holds, in characters. */
const fullCharacters = 1024 * 1024
const readNames: ReadonlySet<string> = new Set([...slotNames, formerConfigMapName])

/**
 * What the receivers report, as it was last read. A receiver may write as fast as it likes and as much as fits, and the
 * watch would bring all of it: so the watch shows metadata only, a change is read at once, and what changes again
 * meanwhile is read together after a rest.
 */
export class ReportReader {
  readonly #options: ReaderOptions
  readonly #slots = new Map<string, Slot>()
  #isStopped = false

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  get({ name }: Pick<ObjectKey, 'name'>): ConfigMap | undefined {
    return this.#slots.get(name)?.known
  }

  /** The watch shows that a ConfigMap came, changed or went. */
  noticed({ type, object }: ObjectChange<KubernetesObject>): void {
    const { name, resourceVersion } = object.metadata
    if (!readNames.has(name)) return
    const slot = this.#slot(name)
    if (type === 'deleted') {
      slot.known = undefined
      slot.isBehind = slot.reading !== undefined
      this.#options.onRead({ type, object })
      return
    }
    if (slot.known !== undefined && slot.known.metadata.resourceVersion === resourceVersion) return
    slot.isBehind = true
    this.#plan(name, slot)
  }

  /** Resolves when everything that was noticed has been read, or could not be. */
  async whenRead(): Promise<void> {
    await Promise.all([...this.#slots.values()].flatMap(({ reading }) => reading ?? []))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const { cancel } of this.#slots.values()) cancel?.()
    await this.whenRead()
  }

  #slot(name: string): Slot {
    let slot = this.#slots.get(name)
    if (slot === undefined) {
      slot = { known: undefined, isBehind: false, reading: undefined, cancel: undefined, restUntilMs: -Infinity }
      this.#slots.set(name, slot)
    }
    return slot
  }

  #plan(name: string, slot: Slot): void {
    if (!slot.isBehind || slot.reading !== undefined || slot.cancel !== undefined || this.#isStopped) return
    const { clock } = this.#options
    const waitMs = slot.restUntilMs - clock.monotonic()
    const begin = () => {
      slot.cancel = undefined
      slot.isBehind = false
      slot.reading = this.#read(name, slot).finally(() => {
        slot.reading = undefined
        this.#plan(name, slot)
      })
    }
    if (waitMs <= 0) begin()
    else slot.cancel = clock.after(waitMs, begin)
  }

  async #read(name: string, slot: Slot): Promise<void> {
    const { client, namespace, clock, logger, restMs } = this.#options
    const rest = (configMap?: ConfigMap) => {
      const factor = 1 + charactersOf(configMap) / fullCharacters
      slot.restUntilMs = clock.monotonic() + Math.round(restMs * factor)
    }
    try {
      const object = await client.get<ConfigMap>(configMapKind, { namespace, name })
      rest(object)
      const previous = slot.known
      slot.known = object
      // Only once: it may have been deleted while it was read, and that read has reported it.
      if (object === undefined && previous !== undefined) this.#options.onRead({ type: 'deleted', object: previous })
      if (object === undefined) return
      this.#options.onRead(previous === undefined ? { type: 'added', object } : { type: 'updated', object, previous })
    } catch (error) {
      rest()
      slot.isBehind = true
      logger.warn({ configMap: name, error }, 'reports.read_failed')
    }
  }
}

function charactersOf({ data = {} }: Pick<ConfigMap, 'data'> = {}): number {
  return Object.values(data).reduce((sum, text) => sum + text.length, 0)
}
