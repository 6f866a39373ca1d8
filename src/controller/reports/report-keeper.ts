import type { Clock } from '../../clock.ts'
import { isConflict, isNotFound, type KubernetesClient } from '../../kubernetes/client.ts'
import type { ObjectChange } from '../../kubernetes/reflector.ts'
import type { Logger } from '../../observability/logger.ts'
import { formerConfigMapName, slotNames } from '../../contract/receiver-report/slots.ts'
import type { WorkingConfig } from '../config.ts'
import { configMapKind, type ConfigMap } from '../../kubernetes/core-kinds.ts'
import { goneAfterMs, lastSign, staleReports, strandedInboxes, whatIsStranded } from './receiver-reports.ts'
import { faultOf, newReportMap, withoutStrangers } from './report-map-fault.ts'
import type { ReportReader } from './report-reader.ts'
import { newestOfEach, type ReportShelf, type ShelvedReport } from './report-shelf.ts'

interface KeeperOptions {
  client: KubernetesClient
  config: Pick<WorkingConfig, 'namespace'>
  clock: Clock
  logger: Logger
  /** The ConfigMaps of the list, and the one of older versions, as they were read. */
  reader: Pick<ReportReader, 'get'>
  shelf: ReportShelf
}

/** Least time between two looks: a client that breaks a ConfigMap again and again causes few writes. */
const lookIntervalMs = 5_000
/** Of what a log line names. */
const maxNamed = 16

/**
 * The author of the ConfigMaps that receivers report into: makes them, makes those anew that were deleted or cannot be
 * written any more, and takes away what receivers that are gone have left. No failure here stops anything else.
 */
export class ReportKeeper {
  readonly #options: KeeperOptions
  #looking: Promise<void> = Promise.resolve()
  #lookedMs = -Infinity
  #cancel: (() => void) | undefined
  #isStopped = false

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** The newest report of every receiver, wherever it stands. */
  reports(): ShelvedReport[] {
    return newestOfEach(this.#all())
  }

  /** A ConfigMap came, changed or went: what is wrong with it is mended soon. */
  noticed({ type, object }: ObjectChange<ConfigMap>): void {
    if (!slotNames.includes(object.metadata.name)) return
    if (type === 'deleted' || faultOf(object) !== undefined) this.#lookSoon()
  }

  /** Makes what is missing and mends what cannot be used; a failure is logged and retried at the next look. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      if (this.#isStopped) return
      this.#lookedMs = this.#options.clock.monotonic()
      await Promise.all(slotNames.map((name) => this.#mend(name)))
    })
    return this.#looking
  }

  /**
   * Receivers that are gone cannot remove their reports themselves, and the controller does not watch pods: silence
   * shows that they are gone. Deliveries on a volume of theirs stay recorded until they come back, or a person removes
   * the key; and of the last of all it stays recorded when that was, until one reports again.
   */
  async prune(): Promise<void> {
    const { clock, logger } = this.#options
    const all = this.#all()
    const newest = new Set(newestOfEach(all))
    const last = lastOfAll([...newest])
    const stranded = strandedInboxes([...newest], clock.now())
    if (stranded.length > 0) {
      const where = new Map([...newest].map(({ pod, configMap }) => [pod, configMap]))
      const receivers = stranded.slice(0, maxNamed).map(({ pod, pending }) => ({ pod, pending, in: where.get(pod) }))
      logger.warn({ receivers }, 'reports.inbox_stranded')
    }
    for (const configMap of new Set(all.map((report) => report.configMap))) {
      const there = all.filter((report) => report.configMap === configMap)
      await this.#tolerate(configMap, 'Stale', () => this.#pruneOne(configMap, there, { newest, last }))
    }
    await this.#tolerate(formerConfigMapName, 'Stale', () => this.#dropFormer())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#looking
  }

  #all(): ShelvedReport[] {
    return this.#options.shelf.all([...slotNames, formerConfigMapName].flatMap((name) => this.#get(name) ?? []))
  }

  #get(name: string): ConfigMap | undefined {
    return this.#options.reader.get({ name })
  }

  #lookSoon(): void {
    if (this.#cancel !== undefined || this.#isStopped) return
    const { clock } = this.#options
    const waitMs = Math.max(this.#lookedMs + lookIntervalMs - clock.monotonic(), 0)
    this.#cancel = clock.after(waitMs, () => {
      this.#cancel = undefined
      void this.look()
    })
  }

  async #mend(name: string): Promise<void> {
    const found = this.#get(name)
    const fault = found === undefined ? 'Missing' : faultOf(found)
    if (fault === undefined) return
    await this.#tolerate(name, fault, async () => {
      if (found === undefined) return this.#make(name)
      await this.#repair(found)
      this.#options.logger.warn({ configMap: name, fault }, 'reports.mended')
    })
  }

  async #tolerate(configMap: string, fault: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#options.logger.warn({ configMap, fault, error }, 'reports.mend_failed')
    }
  }

  async #make(name: string): Promise<void> {
    const { client, config } = this.#options
    const key = { namespace: config.namespace, name }
    try {
      await client.create<ConfigMap>(configMapKind, newReportMap(key))
    } catch (error) {
      if (!isConflict(error)) throw error
      // Its label was removed, so that the watch does not show it.
      const live = await client.get<ConfigMap>(configMapKind, key)
      if (live !== undefined) await this.#repair(live)
    }
  }

  /** What could be read of it stays. */
  async #repair(found: ConfigMap & { immutable?: boolean }): Promise<void> {
    const { client, config } = this.#options
    const { name, uid } = found.metadata
    const wanted = withoutStrangers(found)
    if (found.immutable !== true) return this.#patch(name, wanted)
    await this.#patch(name, { metadata: wanted.metadata })
    const key = { namespace: config.namespace, name }
    await client.delete(configMapKind, key, uid === undefined ? {} : { preconditions: { uid } })
    await client.create<ConfigMap>(configMapKind, newReportMap(key, found))
  }

  async #patch(name: string, body: object): Promise<void> {
    const { client, config } = this.#options
    try {
      await client.patch<ConfigMap>(configMapKind, { namespace: config.namespace, name }, body, { type: 'merge' })
    } catch (error) {
      // It went meanwhile; its end wakes the next look.
      if (!isNotFound(error)) throw error
    }
  }

  async #pruneOne(
    configMap: string,
    reports: readonly ShelvedReport[],
    { newest, last }: { newest: ReadonlySet<ShelvedReport>; last: ShelvedReport | undefined },
  ): Promise<void> {
    const { clock, logger } = this.#options
    const stale = new Set(staleReports(reports, clock.now()))
    const left = reports
      .filter((report) => stale.has(report.pod) || !newest.has(report) || this.#isUndated(report))
      .map((report) => {
        const isLast = newest.has(report) && !this.#isUndated(report)
        const { pod, text } = report
        const sign = report === last ? lastSign(text) : undefined
        return { pod, text, rest: isLast ? (whatIsStranded(text) ?? sign) : undefined }
      })
      .filter(({ text, rest }) => rest !== text)
    if (left.length === 0) return
    await this.#patch(configMap, { data: Object.fromEntries(left.map(({ pod, rest = null }) => [pod, rest])) })
    logger.info({ receivers: left.slice(0, maxNamed).map(({ pod }) => pod) }, 'reports.pruned')
  }

  /**
   * A receiver that runs writes every hour; what does not say when it was written, and stays as it is, was left by none
   * that runs.
   */
  #isUndated({ configMap, writtenMs, seenMs }: ShelvedReport): boolean {
    const isSilent = this.#options.clock.monotonic() - seenMs > goneAfterMs
    return writtenMs === undefined && isSilent && configMap !== formerConfigMapName
  }

  /** The ConfigMap of older versions goes when no receiver has anything in it, or can have. */
  async #dropFormer(): Promise<void> {
    const found: (ConfigMap & { immutable?: boolean }) | undefined = this.#get(formerConfigMapName)
    if (found === undefined) return
    if (Object.keys(found.data ?? {}).length > 0 && found.immutable !== true) return
    const { uid, resourceVersion, finalizers = [] } = found.metadata
    if (finalizers.length > 0) return this.#patch(formerConfigMapName, { metadata: { finalizers: null } })
    if (uid === undefined || resourceVersion === undefined) return
    const key = { namespace: this.#options.config.namespace, name: formerConfigMapName }
    try {
      await this.#options.client.delete(configMapKind, key, { preconditions: { uid, resourceVersion } })
    } catch (error) {
      // Written again meanwhile, or gone.
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
  }
}

/** The one that was written last; undefined where one does not say when: whether it runs is not known. */
function lastOfAll(reports: readonly ShelvedReport[]): ShelvedReport | undefined {
  if (reports.some(({ writtenMs }) => writtenMs === undefined)) return undefined
  return reports.toSorted((a, b) => (b.writtenMs ?? 0) - (a.writtenMs ?? 0))[0]
}
