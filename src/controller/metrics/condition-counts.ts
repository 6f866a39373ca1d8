import type { Condition } from '../../api/status.ts'
import type { ObjectChange } from '../../kubernetes/reflector.ts'
import type { GaugeHandle } from '../../observability/metrics.ts'

export interface ConditionGauges {
  /** By type and status. */
  conditions: GaugeHandle
  /** By type and reason, of what is False. */
  falseConditions: GaugeHandle
}

/** Of either kind. */
interface WithConditions {
  status?: { conditions?: Condition[] | undefined }
}

/**
 * Counts objects by condition as they come, change and go; never by name, so that a thousand objects cost no more
 * series than one.
 */
export class ConditionCounts {
  readonly #gauges: ConditionGauges
  readonly #counts = new Map<string, number>()

  constructor(gauges: ConditionGauges) {
    this.#gauges = gauges
  }

  /** Takes a change as a watch tells it; `previous` is what was counted before. Keeps nothing of the objects. */
  observe(change: ObjectChange<WithConditions>): void {
    if (change.type === 'deleted') return this.#countObject(change.object, -1)
    if (change.type === 'updated') this.#countObject(change.previous, -1)
    this.#countObject(change.object, 1)
  }

  #countObject({ status: whole }: WithConditions, by: number): void {
    const { conditions, falseConditions } = this.#gauges
    for (const { type, status, reason } of whole?.conditions ?? []) {
      conditions.set(this.#count(`${type} ${status}`, by), { type, status })
      if (status === 'False') falseConditions.set(this.#count(`${type} False ${reason}`, by), { type, reason })
    }
  }

  #count(key: string, by: number): number {
    const count = (this.#counts.get(key) ?? 0) + by
    this.#counts.set(key, count)
    return count
  }
}
