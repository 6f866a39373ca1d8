import type { GeminiRoute } from '../../src/api/gemini-route.ts'
import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { systemClock } from '../../src/clock.ts'
import type { KubernetesClient, ResourceKind } from '../../src/kubernetes/client.ts'
import { Reflector } from '../../src/kubernetes/reflector.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { until } from './until.ts'

export interface ReadyObjects {
  /** Names that are Ready now, in their present generation; no two objects share one. */
  readonly names: ReadonlySet<string>
  /** When the last of so many became Ready, by `performance.now()`. Throws with what is missing when nothing moves. */
  untilAll(count: number, progress: (ready: number) => void): Promise<number>
  stop(): Promise<void>
}

const progressIntervalMs = 5_000

/** Watches like any other client: polling thousands of objects would be a load of its own. */
export async function watchReadyObjects(client: KubernetesClient, kind: ResourceKind): Promise<ReadyObjects> {
  const names = new Set<string>()
  let lastChangeMs = performance.now()
  const reflector = new Reflector<GeminiWebhook | GeminiRoute>({
    client,
    kind,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: createMetrics(),
    onChange({ type, object }) {
      if (type !== 'deleted' && isReady(object)) names.add(object.metadata.name)
      else names.delete(object.metadata.name)
      lastChangeMs = performance.now()
    },
  })
  reflector.start()
  await reflector.whenSynced()
  return {
    names,
    async untilAll(count, progress) {
      const telling = setInterval(() => progress(names.size), progressIntervalMs)
      try {
        await until(() => {
          const left = count - names.size
          return left <= 0 ? undefined : { left, what: `${names.size} of ${count} objects were Ready` }
        })
        return lastChangeMs
      } finally {
        clearInterval(telling)
      }
    },
    stop: () => reflector.stop(),
  }
}

function isReady({ metadata, status }: GeminiWebhook | GeminiRoute): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation
}
