import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

import type { Clock } from '../clock.ts'
import { collectProcessMetrics } from './process-metrics.ts'

type Labels = Readonly<Record<string, string>>

interface Instrument {
  /** Full name, units and `_total` included, e.g. `gwh_receiver_requests_total`. */
  name: string
  help: string
  /**
   * Label names; every value must come from a bounded set: never ids, URLs or error text, and object names only where a
   * setting asks for them.
   */
  labels?: readonly string[]
}

interface CounterInstrument extends Instrument {
  /** Series that exist from the start, at 0: an alert does not see an increase from an absent series to 1. */
  known?: readonly Labels[]
}

export interface CounterHandle {
  add(value?: number, labels?: Labels): void
}
export interface GaugeHandle {
  set(value: number, labels?: Labels): void
}
/** What one series of a collected gauge says at a scrape. */
export interface Sample {
  value: number
  labels: Labels
}
export interface HistogramHandle {
  observe(value: number, labels?: Labels): void
}

/**
 * What rooms may do with metrics: each makes its instruments once, when it is built. A name made again gives the same
 * instrument, so that several reflectors or loops share one and differ by label; only a gauge that collects a single
 * number may be made once.
 */
export interface Metrics {
  counter(instrument: CounterInstrument): CounterHandle
  /**
   * `collect`, where given, is called at each scrape, instead of setting values in between: series that it does not
   * return any more are gone.
   */
  gauge(instrument: Instrument & { collect?: () => number }): GaugeHandle
  /** Like `gauge`, with labels; made again, it shows the samples of all collectors. */
  collectedGauge(instrument: Instrument & { collect: () => Iterable<Sample> }): void
  histogram(instrument: Instrument & { buckets: readonly number[] }): HistogramHandle
}

export interface MetricsRegistry extends Metrics {
  /** The text exposition for a scrape. */
  expose(): Promise<{ contentType: string; text: string }>
}

/** Labels that a scrape gives to every series of a target, by Prometheus itself or by the operator's ServiceMonitor. */
const targetLabels: ReadonlySet<string> = new Set([
  'job',
  'instance',
  'namespace',
  'pod',
  'container',
  'service',
  'endpoint',
  'node',
  'cluster',
])

/**
 * A label of ours that the target has too would be stored as `exported_...`, and no query by the documented name would
 * find it.
 */
function refuseTargetLabels({ name, labels = [] }: Instrument): void {
  const taken = labels.find((label) => targetLabels.has(label) || label.startsWith('exported_'))
  if (taken !== undefined) {
    throw new TypeError(`metric ${name}: the label "${taken}" is the scrape's own; choose another name`)
  }
}

/**
 * A registry of its own per process role: no singleton, so that tests can run many side by side. `processClock` adds
 * memory, CPU, event loop delay and garbage collection of the whole process, by that clock; what observes them ends
 * with the process.
 */
export function createMetrics({ processClock }: { processClock?: Clock } = {}): MetricsRegistry {
  const registry = new Registry()
  if (processClock !== undefined) collectProcessMetrics(registry, processClock)
  const shared = (instrument: Instrument) => {
    refuseTargetLabels(instrument)
    return {
      name: instrument.name,
      help: instrument.help,
      labelNames: [...(instrument.labels ?? [])],
      registers: [registry],
    }
  }
  const made = new Map<string, Counter<string> | Gauge<string> | Histogram<string>>()
  const collectors = new Map<string, (() => Iterable<Sample>)[]>()
  const once = <T extends Counter<string> | Gauge<string> | Histogram<string>>(
    name: string,
    type: new (...args: never[]) => T,
    make: () => T,
  ): T => {
    const known = made.get(name)
    if (known instanceof type) return known
    const instrument = make() // throws when the name is taken by another type
    made.set(name, instrument)
    return instrument
  }
  return {
    counter(instrument) {
      const counter = once(instrument.name, Counter<string>, () => new Counter<string>(shared(instrument)))
      for (const labels of instrument.known ?? []) counter.inc(labels, 0)
      return { add: (value = 1, labels = {}) => counter.inc(labels, value) }
    },
    gauge({ collect, ...instrument }) {
      if (collect !== undefined) {
        const collected: Gauge<string> = new Gauge<string>({
          ...shared(instrument),
          collect: () => collected.set(collect()),
        })
        return { set: (value, labels = {}) => collected.set(labels, value) }
      }
      const gauge = once(instrument.name, Gauge<string>, () => new Gauge<string>(shared(instrument)))
      return { set: (value, labels = {}) => gauge.set(labels, value) }
    },
    collectedGauge({ collect, ...instrument }) {
      const known = collectors.get(instrument.name)
      if (known !== undefined) {
        known.push(collect)
        return
      }
      const asked = [collect]
      const gauge: Gauge<string> = new Gauge<string>({
        ...shared(instrument),
        collect() {
          gauge.reset()
          // A reset leaves a gauge without labels at 0, which is no sample of a collector.
          if (instrument.labels === undefined) gauge.remove({})
          for (const each of asked) for (const { value, labels } of each()) gauge.set(labels, value)
        },
      })
      collectors.set(instrument.name, asked)
    },
    histogram({ buckets, ...instrument }) {
      const histogram = once(
        instrument.name,
        Histogram<string>,
        () => new Histogram<string>({ ...shared(instrument), buckets: [...buckets] }),
      )
      return { observe: (value, labels = {}) => histogram.observe(labels, value) }
    },
    async expose() {
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
