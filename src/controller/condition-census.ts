import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { GaugeHandle } from '../observability/metrics.ts'

/** Counts objects by condition and status as they come, change and go; never by name, so that a thousand objects cost no more series than one. */
export class ConditionCensus {
  readonly #gauge: GaugeHandle
  readonly #counts = new Map<string, number>()
  readonly #ofObject = new Map<string, readonly string[]>()

  constructor(gauge: GaugeHandle) {
    this.#gauge = gauge
  }

  observe({ metadata, status }: GeminiWebhook): void {
    this.forget(metadata.uid)
    const held = (status?.conditions ?? []).map((condition) => `${condition.type} ${condition.status}`)
    this.#ofObject.set(metadata.uid, held)
    for (const key of held) this.#add(key, 1)
  }

  forget(uid: string): void {
    for (const key of this.#ofObject.get(uid) ?? []) this.#add(key, -1)
    this.#ofObject.delete(uid)
  }

  #add(key: string, change: number): void {
    const count = (this.#counts.get(key) ?? 0) + change
    this.#counts.set(key, count)
    const [type = '', status = ''] = key.split(' ')
    this.#gauge.set(count, { type, status })
  }
}
