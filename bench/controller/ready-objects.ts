import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../src/api/kind.ts'
import { systemClock } from '../../src/clock.ts'
import type { KubernetesClient } from '../../src/kubernetes/client.ts'
import { Reflector } from '../../src/kubernetes/reflector.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'

export interface ReadyObjects {
  /** Names that are Ready now. */
  readonly names: ReadonlySet<string>
  /** When the last of so many became Ready, by `performance.now()`. Rejects with what is missing after `timeoutMs`. */
  untilAll(count: number, timeoutMs: number, progress: (ready: number) => void): Promise<number>
  stop(): Promise<void>
}

const progressIntervalMs = 5_000

/** Watches like any other client: polling thousands of objects would be a load of its own. */
export async function watchReadyObjects(client: KubernetesClient): Promise<ReadyObjects> {
  const names = new Set<string>()
  let whenChanged = doNothing
  const reflector = new Reflector<GeminiWebhook>({
    client,
    kind: geminiWebhookKind,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: createMetrics(),
    onChange({ type, object }) {
      const isReady = object.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True')
      if (type !== 'deleted' && isReady === true) names.add(object.metadata.name)
      else names.delete(object.metadata.name)
      whenChanged()
    },
  })
  reflector.start()
  await reflector.whenSynced()
  return {
    names,
    async untilAll(count, timeoutMs, progress) {
      const telling = setInterval(() => progress(names.size), progressIntervalMs)
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      const giveUp = setTimeout(
        () => reject(new Error(`${names.size} of ${count} objects were Ready after ${timeoutMs / 1000} s`)),
        timeoutMs,
      )
      whenChanged = () => {
        if (names.size >= count) resolve(performance.now())
      }
      whenChanged()
      try {
        return await promise
      } finally {
        clearInterval(telling)
        clearTimeout(giveUp)
        whenChanged = doNothing
      }
    },
    stop: () => reflector.stop(),
  }
}

function doNothing(): void {}
