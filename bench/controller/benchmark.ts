import { availableParallelism, cpus } from 'node:os'

import { findControlPlane, kubernetesVersion } from '../../test/control-plane/find-control-plane.ts'
import type { Benchmark } from '../benchmark.ts'
import { measureSize, type MeasuredSize } from './measure-size.ts'

/** Two sizes each: what counts is whether the larger one costs more per object. */
const plans = {
  smoke: { sizes: [10, 50], resyncSeconds: 5 },
  usual: { sizes: [200, 1_000], resyncSeconds: 30 },
  full: { sizes: [1_000, 5_000], resyncSeconds: 60 },
} as const

/** Raised, so that the program is measured and not its politeness: by default 50 requests a second to Kubernetes and 300 a minute to the service. */
const kubernetesQps = 1_000
const callsPerMinute = 60_000

/** What objects cost: from apply to all Ready, and afterwards, on a real API server. */
export const controllerBenchmark: Benchmark = {
  name: 'controller',
  about: 'objects from apply to all Ready on a real kube-apiserver: time, writes, calls, memory',
  async run({ smoke, full, progress }) {
    const { sizes, resyncSeconds } = smoke ? plans.smoke : full ? plans.full : plans.usual
    const binaries = await findControlPlane()
    if (binaries === undefined) {
      return { skipped: 'no kube-apiserver: set KUBEBUILDER_ASSETS, or put go on PATH' }
    }
    const controllerFlags = [
      '--base-url=https://hooks.example.com',
      `--resync-interval=${resyncSeconds}s`,
      `--confirm-interval=${Math.min(60, resyncSeconds - 1)}s`,
      `--kubernetes-qps=${kubernetesQps}`,
      `--kubernetes-burst=${kubernetesQps}`,
      `--calls-per-minute=${callsPerMinute}`,
    ]
    const measured: MeasuredSize[] = []
    for (const objects of sizes) {
      measured.push(await measureSize(objects, { binaries, controllerFlags, resyncSeconds, progress }))
    }
    return {
      node: process.version,
      cpu: cpus()[0]?.model,
      cores: availableParallelism(),
      kubernetes: kubernetesVersion,
      endpointCheck: 'answered by a real receiver',
      kubernetesQps,
      callsPerMinute,
      resyncSeconds,
      sizes: measured,
      ...compare(measured),
    }
  },
}

/**
 * Ratios per object, larger to smaller size: 1 is proportional, below 1 is better. Memory is what an object more takes: the heap also grows by what is
 * loaded and compiled once, however many objects there are.
 */
function compare(measured: readonly MeasuredSize[]): Record<string, number> {
  const [small, large] = [measured[0], measured.at(-1)]
  if (small === undefined || large === undefined) return {}
  return {
    heapBytesPerObject: Math.round((large.heapBytes - small.heapBytes) / (large.objects - small.objects)),
    timeRatio: round(large.seconds / large.objects / (small.seconds / small.objects)),
    cpuRatio: round(large.controllerCpuMsPerObject / small.controllerCpuMsPerObject),
    writesRatio: round(large.kubernetesWritesPerObject / small.kubernetesWritesPerObject),
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
