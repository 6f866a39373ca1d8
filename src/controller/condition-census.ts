import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { ObjectChange } from '../kubernetes/reflector.ts'
import type { GaugeHandle } from '../observability/metrics.ts'

/** Counts objects by condition and status as they come, change and go; never by name, so that a thousand objects cost no more series than one. */
export class ConditionCensus {
  readonly #gauge: GaugeHandle
  readonly #counts = new Map<string, number>()

  constructor(gauge: GaugeHandle) {
    this.#gauge = gauge
  }

  /** Takes a change as a watch tells it; `previous` is what was counted before. Keeps nothing of the objects. */
  observe(change: ObjectChange<GeminiWebhook>): void {
    if (change.type === 'deleted') return this.#count(change.object, -1)
    if (change.type === 'updated') this.#count(change.previous, -1)
    this.#count(change.object, 1)
  }

  #count({ status }: GeminiWebhook, by: number): void {
    for (const condition of status?.conditions ?? []) {
      const key = `${condition.type} ${condition.status}`
      const count = (this.#counts.get(key) ?? 0) + by
      this.#counts.set(key, count)
      this.#gauge.set(count, { type: condition.type, status: condition.status })
    }
  }
}
