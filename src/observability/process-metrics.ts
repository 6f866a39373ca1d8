import { createHistogram, type Histogram } from 'node:perf_hooks'

import { collectDefaultMetrics, Gauge, type Registry } from '@prometheus-io/client'

import type { Clock } from '../clock.ts'

/**
 * How often the event loop is looked at. The library looks at its delay every 10 ms and at its utilization every 100 ms
 * for as long as the process lives: 110 wake-ups a second, and more CPU than all else that a process at rest does.
 */
const lookIntervalMs = 5_000
/** The longest that Node's timers take: the library's own histogram of the delay is never filled. */
const neverMs = 2_147_483_647

/**
 * Memory, CPU, event loop and garbage collection of the whole process, under the names that dashboards for Node.js
 * know. What observes them ends with the process and does not keep it alive.
 */
export function collectProcessMetrics(registry: Registry, clock: Clock): void {
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: neverMs,
    eventLoopUtilizationTimeout: lookIntervalMs,
  })
  collectLoopDelay(registry, clock)
}

const lastDelay = { name: 'nodejs_eventloop_lag_seconds', help: 'Lag of event loop in seconds.' }

/** Of the delays since the last scrape, in nanoseconds. */
const delaysSummedUp: readonly { name: string; help: string; read: (delays: Histogram) => number }[] = [
  {
    name: 'nodejs_eventloop_lag_min_seconds',
    help: 'The minimum recorded event loop delay.',
    read: ({ min }) => min,
  },
  {
    name: 'nodejs_eventloop_lag_max_seconds',
    help: 'The maximum recorded event loop delay.',
    read: ({ max }) => max,
  },
  {
    name: 'nodejs_eventloop_lag_mean_seconds',
    help: 'The mean of the recorded event loop delays.',
    read: ({ mean }) => mean,
  },
  {
    name: 'nodejs_eventloop_lag_stddev_seconds',
    help: 'The standard deviation of the recorded event loop delays.',
    read: ({ stddev }) => stddev,
  },
  ...[50, 90, 99].map((percent) => ({
    name: `nodejs_eventloop_lag_p${percent}_seconds`,
    help: `The ${percent}th percentile of the recorded event loop delays.`,
    read: (delays: Histogram) => delays.percentile(percent),
  })),
]

/**
 * How late a timer comes, in place of the library's instruments of the same names. Where nothing was
 * seen since the last scrape they say what they said before.
 */
function collectLoopDelay(registry: Registry, clock: Clock): void {
  const delays = createHistogram()
  let lastNs = 0
  const look = (): void => {
    const dueMs = clock.monotonic() + lookIntervalMs
    clock.after(lookIntervalMs, () => {
      // A histogram takes whole numbers from 1.
      lastNs = Math.max(1, Math.round((clock.monotonic() - dueMs) * 1e6))
      delays.record(lastNs)
      look()
    })
  }
  look()

  for (const { name } of [lastDelay, ...delaysSummedUp]) registry.removeSingleMetric(name)
  const registers = [registry]
  // The first that a scrape asks sets them all.
  const last: Gauge = new Gauge({
    ...lastDelay,
    registers,
    collect() {
      last.set(lastNs / 1e9)
      if (delays.count === 0) return
      for (const { gauge, read } of others) gauge.set(read(delays) / 1e9)
      delays.reset()
    },
  })
  const others = delaysSummedUp.map(({ name, help, read }) => ({ gauge: new Gauge({ name, help, registers }), read }))
}
