import { shippedConfig } from '../builders/shipped-config.ts'
import type { PassContext } from '../../../src/controller/apply/pass-context.ts'
import { Memory } from '../../../src/controller/memory/memory.ts'
import { createInstruments } from '../../../src/controller/metrics/instruments.ts'
import { RemoteObserver } from '../../../src/controller/observe/remote-observer.ts'
import type { WebhookService } from '../../../src/gemini/webhook-service.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { aWebhook, fingerprint, installation } from '../builders/a-webhook.ts'
import { identity } from '../builders/an-observation.ts'
import { FakeClock } from '../doubles/fake-clock.ts'
import { freezeMemories } from '../builders/frozen-memory.ts'

freezeMemories()

/** A double that fails on every use that the test has not scripted. */
export function scripted<T extends object>(name: string, script: Partial<T> = {}): T {
  return new Proxy(script as T, {
    get(target, key, receiver) {
      if (key in target) return Reflect.get(target, key, receiver) as unknown
      throw new Error(`${name}.${String(key)} was used, and no test scripted that`)
    },
  })
}

/**
 * One pass over one object, around doubles: a real observer and real instruments, a clock that stands still, nothing
 * behind the ports.
 */
export function aPass(
  changes: Partial<Omit<PassContext, 'client'>> & { client?: Partial<PassContext['client']> } = {},
  service: Partial<WebhookService> = {},
): PassContext & { clock: FakeClock } {
  const clock = new FakeClock()
  const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
  return {
    random: () => 0.5,
    config,
    logger: silentLogger,
    instruments: createInstruments(createMetrics()),
    recorder: scripted('recorder'),
    webhooks: scripted('webhooks'),
    secrets: scripted('secrets'),
    keyring: scripted('keyring'),
    areServicesWatched: () => true,
    observer: new RemoteObserver({
      clock,
      maxAgeMs: config.resyncIntervalMs,
      credentialsRetryMs: config.credentialsRetryMs,
    }),
    projects: { neighboursOf: () => ({ namespaces: 0, listedAtMs: -Infinity }) },
    unmanaged: { countOf: () => 0 },
    pool: scripted('pool'),
    claimOf: () => undefined,
    pause: () => undefined,
    installation: () => ({ state: 'confirmed', ...installation }),
    probe: () => Promise.reject(new Error('no test scripted a probe')),
    rollouts: scripted('rollouts'),
    reportOf: () => undefined,
    withoutWorker: (wait) => wait(),
    isUrgent: false,
    signal: new AbortController().signal,
    memory: new Memory(aWebhook().build(), clock),
    access: { service: scripted('service', service), fingerprint, identity },
    ...changes,
    client: scripted('client', changes.client),
    clock,
  }
}
