import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

type Labels = Readonly<Record<string, string>>

interface Instrument {
  /** Full name, units and `_total` included, e.g. `gwh_receiver_requests_total`. */
  name: string
  help: string
  /** Label names; every value must come from a bounded set: never object names, ids, URLs or error text. */
  labels?: readonly string[]
}

export interface CounterHandle {
  add(value?: number, labels?: Labels): void
}
export interface GaugeHandle {
  set(value: number, labels?: Labels): void
}
export interface HistogramHandle {
  observe(value: number, labels?: Labels): void
}

/** What rooms may do with metrics: each makes its instruments once, when it is built. A name may be made only once. */
export interface Metrics {
  counter(instrument: Instrument): CounterHandle
  /** `collect`, where given, is asked at scrape time instead of being set along the way. */
  gauge(instrument: Instrument & { collect?: () => number }): GaugeHandle
  histogram(instrument: Instrument & { buckets: readonly number[] }): HistogramHandle
}

export interface MetricsRegistry extends Metrics {
  /** The text exposition for a scrape. */
  expose(): Promise<{ contentType: string; text: string }>
}

/** A registry of its own per process role: no singleton, so that tests can run many side by side. */
export function createMetrics(): MetricsRegistry {
  const registry = new Registry()
  const shared = (instrument: Instrument) => ({
    name: instrument.name,
    help: instrument.help,
    labelNames: [...(instrument.labels ?? [])],
    registers: [registry],
  })
  return {
    counter(instrument) {
      const counter = new Counter<string>(shared(instrument))
      return { add: (value = 1, labels = {}) => counter.inc(labels, value) }
    },
    gauge({ collect, ...instrument }) {
      const gauge: Gauge<string> = new Gauge<string>({
        ...shared(instrument),
        ...(collect !== undefined && { collect: () => gauge.set(collect()) }),
      })
      return { set: (value, labels = {}) => gauge.set(labels, value) }
    },
    histogram({ buckets, ...instrument }) {
      const histogram = new Histogram<string>({ ...shared(instrument), buckets: [...buckets] })
      return { observe: (value, labels = {}) => histogram.observe(labels, value) }
    },
    async expose() {
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
