import { loadavg } from 'node:os'

import { findControlPlane, kubernetesVersion } from '../../test/control-plane/find-control-plane.ts'
import type { Benchmark } from '../benchmark.ts'
import { machine } from '../machine.ts'
import { compareSizes } from './compare-sizes.ts'
import { measureRoutes } from './measure-routes.ts'
import { measureSize } from './measure-size.ts'
import { compareRoutes, routesTable } from './routes-table.ts'
import { sizesTable } from './sizes-table.ts'

/** Two sizes each: what counts is whether the larger one costs more per object. */
const plans = {
  smoke: { sizes: [5, 20], routes: [5, 20], resyncSeconds: 1, settleSeconds: 1, edits: 5, leaseFlags: shortLease() },
  usual: { sizes: [200, 1_000], routes: [500, 1_000], resyncSeconds: 10, settleSeconds: 8, edits: 50, leaseFlags: [] },
  full: {
    sizes: [1_000, 5_000],
    routes: [1_000, 5_000],
    resyncSeconds: 60,
    settleSeconds: 8,
    edits: 50,
    leaseFlags: [],
  },
}

/**
 * Raised, so that the program is measured and not its politeness: by default 50 requests a second to Kubernetes and 300
 * a minute to the service.
 */
const kubernetesQps = 1_000
const callsPerMinute = 60_000
/** By default 8, which keep 50 requests a second busy. */
const workers = 32

const fullAdds =
  '--full measures 1,000 and 5,000 objects, and as many routes, with resyncs of 60 s: half an hour on a machine to itself'

/** What objects cost: from apply to all Ready, when the leader dies, and afterwards, on a real API server. */
export const controllerBenchmark: Benchmark = {
  name: 'controller',
  about: 'webhooks and routes from apply to all Ready on a real kube-apiserver: time, writes, calls, memory, takeover',
  comparesCommits: false,
  async run({ smoke, full, progress, parts }) {
    const { sizes, routes: routeSizes, leaseFlags, ...plan } = smoke ? plans.smoke : full ? plans.full : plans.usual
    const binaries = await findControlPlane()
    if (binaries === undefined) {
      const skipped = 'no kube-apiserver: set KUBEBUILDER_ASSETS, or put go on PATH'
      return { result: { skipped }, text: `${skipped}\n` }
    }
    const controllerFlags = [
      '--base-url=https://hooks.example.com',
      `--kubernetes-qps=${kubernetesQps}`,
      `--kubernetes-burst=${kubernetesQps}`,
      `--calls-per-minute=${callsPerMinute}`,
      `--workers=${workers}`,
    ]
    const loadBefore = loadavg()[0]
    const sizePlan = { ...plan, binaries, controllerFlags, progress, parts }
    // A smoke run has no time to wait twice, and no figures that one size could spoil for the other.
    const measureAll = smoke ? measureAtOnce : measureInTurn
    const objects = await measureAll(sizes, 'objects', (count) =>
      measureSize(count, { ...sizePlan, controllerFlags: [...controllerFlags, ...leaseFlags] }),
    )
    const routes = await measureAll(routeSizes, 'routes', (count) => measureRoutes(count, sizePlan))
    const compared = compareSizes(objects.measured)
    const result = {
      ...machine(),
      loadBefore,
      loadAfter: loadavg()[0],
      kubernetes: kubernetesVersion,
      endpointCheck: 'answered by a real receiver',
      kubernetesQps,
      callsPerMinute,
      workers,
      resyncSeconds: plan.resyncSeconds,
      sizes: objects.measured,
      ...compared,
      routes: routes.measured,
      routeRatios: compareRoutes(routes.measured),
      ...(!full && { fullAdds }),
    }
    const tables = [sizesTable(objects.measured, compared), routesTable(routes.measured)]
    const text = `\n${tables.join('\n')}${full ? '' : `${fullAdds}\n`}`
    return { result, text, failure: objects.failure ?? routes.failure }
  },
}

interface Outcome<T> {
  measured: T[]
  /** Why the sizes after these are missing. */
  failure?: string
}

/** What was measured before a failure is told all the same: it may have taken minutes. */
async function measureInTurn<T>(
  sizes: readonly number[],
  unit: string,
  measure: (size: number) => Promise<T>,
): Promise<Outcome<T>> {
  const measured: T[] = []
  for (const size of sizes) {
    try {
      measured.push(await measure(size))
    } catch (error) {
      return { measured, failure: `${size} ${unit}: ${error instanceof Error ? error.message : String(error)}` }
    }
  }
  return { measured }
}

async function measureAtOnce<T>(
  sizes: readonly number[],
  _unit: string,
  measure: (size: number) => Promise<T>,
): Promise<Outcome<T>> {
  return { measured: await Promise.all(sizes.map(measure)) }
}

/** A smoke run has no half minute for a Lease to run out. */
function shortLease(): readonly string[] {
  return ['--lease-duration=5s', '--lease-renew-deadline=3s', '--lease-retry-period=500ms', '--call-timeout=1s']
}
