import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Clock } from '../clock.ts'
import type { ObjectStore } from '../kubernetes/store.ts'
import { judgeRollout, type Rollout } from './base-url-rollout.ts'
import type { ControllerConfig } from './config.ts'
import { byFingerprint } from './reflectors.ts'

interface RolloutsOptions {
  clock: Clock
  config: Pick<ControllerConfig, 'baseUrl' | 'allowedHostnames'>
  webhooks: Pick<ObjectStore<GeminiWebhook>, 'byIndex'>
}

/** A judgement looks at every object of the key, and thousands ask at the same time. */
const judgementLastsMs = 1000

/** How far a change of the base URL has got, for each API key. */
export class Rollouts {
  readonly #options: RolloutsOptions
  readonly #judged = new Map<string, { rollout: Rollout; atMs: number }>()

  constructor(options: RolloutsOptions) {
    this.#options = options
  }

  of(fingerprint: string): Rollout {
    const { clock, config, webhooks } = this.#options
    const atMs = clock.monotonic()
    const known = this.#judged.get(fingerprint)
    if (known !== undefined && atMs - known.atMs < judgementLastsMs) return known.rollout
    const rollout = judgeRollout(webhooks.byIndex(byFingerprint, fingerprint), config)
    this.#judged.set(fingerprint, { rollout, atMs })
    return rollout
  }
}
