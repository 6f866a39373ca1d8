import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Clock } from '../../clock.ts'
import type { ObjectStore } from '../../kubernetes/store.ts'
import { judgeRollout, type Rollout } from './base-url-rollout.ts'
import type { WorkingConfig } from '../config.ts'
import { byFingerprint } from '../facts/indices.ts'

interface RolloutsOptions {
  clock: Clock
  config: Pick<WorkingConfig, 'baseUrl' | 'allowedHostnames'>
  webhooks: Pick<ObjectStore<GeminiWebhook>, 'byIndex'>
  /** Another installation's objects move with its base URL, not with ours. */
  isServed: (webhook: GeminiWebhook) => boolean
}

/** A judgement looks at every object of the key, and thousands ask at the same time. */
const judgementLastsMs = 1000

/**
 * How far a change of the base URL has got, for each API key and namespace: an object of another namespace holds up
 * none, and is not named to any.
 */
export class Rollouts {
  readonly #options: RolloutsOptions
  readonly #judged = new Map<string, { rollout: Rollout; atMs: number }>()

  constructor(options: RolloutsOptions) {
    this.#options = options
  }

  of(fingerprint: string, namespace: string): Rollout {
    const { clock, config, webhooks, isServed } = this.#options
    const atMs = clock.monotonic()
    const subject = `${namespace}/${fingerprint}`
    const known = this.#judged.get(subject)
    if (known !== undefined && atMs - known.atMs < judgementLastsMs) return known.rollout
    const own = webhooks.byIndex(byFingerprint, fingerprint).filter(({ metadata }) => metadata.namespace === namespace)
    const rollout = judgeRollout(own.filter(isServed), config)
    this.#judged.set(subject, { rollout, atMs })
    return rollout
  }
}
