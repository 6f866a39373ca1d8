import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { sleep, type Clock } from '../../clock.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../observability/logger.ts'
import { loadInstallation } from './installation.ts'
import type { InstallationView } from '../facts/observed.ts'
import { randomHex } from '../facts/random-id.ts'
import { isSameJson } from '../facts/same-json.ts'

interface KeeperOptions {
  client: KubernetesClient
  /** The operator's own. */
  namespace: string
  configuredId: string | undefined
  clock: Clock
  random: () => number
  logger: Logger
  /** Every object that is known: while one carries an id, none is minted. */
  webhooks: () => readonly GeminiWebhook[]
  /** Called each time that the installation becomes confirmed, or a person confirms that it replaces another one. */
  onConfirmed: () => void
}

const installationIdDigits = 16
const retryMs = 2_000

/**
 * What is known of who we are at Google; looked at again and again, for a restored cluster is confirmed while we run.
 */
export class InstallationKeeper {
  readonly #options: KeeperOptions
  #view: InstallationView = { state: 'unconfirmed', message: 'the installation was not looked up yet' }

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  get view(): InstallationView {
    return this.#view
  }

  /**
   * Resolves after the first answer. An API server that does not answer is no reason to treat this cluster as a clone.
   */
  async awaitFirst(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options
    while (!signal.aborted) {
      try {
        await this.check()
        return
      } catch (error) {
        logger.warn({ error: error instanceof Error ? error.message : '' }, 'installation.unreadable')
        await sleep(clock, retryMs, signal)
      }
    }
  }

  /** Looks again; whether it is confirmed. Throws when the API server cannot be asked. */
  async check(): Promise<boolean> {
    const { client, namespace, configuredId, random, logger, webhooks, onConfirmed } = this.#options
    const before = this.#view
    this.#view = await loadInstallation({
      client,
      namespace,
      configuredId,
      mintId: () => randomHex(installationIdDigits, random),
      idsInUse: () => new Set(webhooks().flatMap(({ status }) => status?.installationID ?? [])),
    })
    if (this.#view.state === 'unconfirmed') {
      logger.warn({ why: this.#view.message }, 'installation.unconfirmed')
      return false
    }
    // A webhook with a former token is foreign until a person says that it is ours.
    const isSame = before.state === 'confirmed' && isSameJson(before.formerTokens, this.#view.formerTokens)
    if (!isSame) onConfirmed()
    return true
  }
}
