import { geminiWebhookKind } from '../api/kind.ts'
import type { Clock } from '../clock.ts'
import { allKeyringSecretNames } from '../contract/keyring/shard.ts'
import { bareMetadata } from '../kubernetes/bare-metadata.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from '../kubernetes/client.ts'
import { Reflector, type ObjectChange } from '../kubernetes/reflector.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { decodeShard, withUnchanged, type ShardContent } from './decode-shard.ts'
import type { EndpointFacts } from './endpoint.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

const secretKind: ResourceKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

interface KeyringSecret extends KubernetesObject {
  /** Values in base64. */
  data?: Record<string, string>
}

/** All that is kept of a GeminiWebhook: the rest is for the controller, and there may be thousands. */
interface WebhookInProgress extends KubernetesObject {
  status?: { operation?: { type: string }; check?: { attemptID: string } }
}

export interface WatchConfigurationOptions {
  readonly client: KubernetesClient
  /** Where the keyring Secrets are. */
  readonly operatorNamespace: string
  /** Where to look for GeminiWebhooks; absent: everywhere. */
  readonly watchNamespaces?: readonly string[]
  readonly directory: EndpointDirectory
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface ConfigurationWatch {
  /** Returns at once; the directory fills as lists and watches arrive, through every failure of the API server. */
  start(): void
  stop(): Promise<void>
}

/**
 * Keeps the directory in step with the cluster: one watch per keyring Secret, by name, because the receiver may read no
 * other; and one of GeminiWebhooks, for what is in progress. Secrets that do not exist are an answer too: their shard
 * is known then.
 */
export function watchConfiguration(options: WatchConfigurationOptions): ConfigurationWatch {
  const { client, directory, clock, random, logger, metrics } = options
  const shared = { client, clock, random, logger, metrics }
  const malformed = metrics.counter({
    name: 'gwh_receiver_keyring_problems_total',
    help: 'Keyring entries or secrets that could not be read; the last good entry is kept.',
  })
  metrics.gauge({
    name: 'gwh_receiver_clock_skew_seconds',
    help: 'How far the clock of the API server is ahead of ours, by its last answer. Deliveries are refused beyond 300 s.',
    collect: () => (client.serverClockSkewMs ?? 0) / 1000,
  })
  const shards = allKeyringSecretNames().map((shard) => {
    const reflector = new Reflector<KeyringSecret>({
      ...shared,
      kind: secretKind,
      name: 'keyring',
      namespaces: [options.operatorNamespace],
      fieldSelector: `metadata.name=${shard}`,
      onChange: (change) => applyShardChange(shard, change),
    })
    return { shard, reflector }
  })
  const webhooks = new Reflector<WebhookInProgress>({
    ...shared,
    kind: geminiWebhookKind,
    ...(options.watchNamespaces !== undefined && { namespaces: options.watchNamespaces }),
    transform: keepProgressOnly,
    onChange: ({ type, object }) => {
      const facts = factsOf(object)
      if (type === 'deleted') directory.removeFacts(facts)
      else directory.applyFacts(facts)
    },
  })

  const contents = new Map<string, ShardContent>()

  function applyShardChange(shard: string, change: ObjectChange<KeyringSecret>): void {
    if (change.type === 'deleted') return directory.noteMissingShard(shard)
    const content = decodeChange(shard, change, contents.get(shard))
    contents.set(shard, content)
    for (const { uid, problem } of content.problems) {
      malformed.add()
      logger.warn({ shard, uid, problem }, 'keyring.entry_malformed')
    }
    directory.applyShard(shard, content)
  }

  return {
    start() {
      for (const { shard, reflector } of shards) {
        reflector.start()
        // Rejects only when it is stopped before it has synced: then nothing is known, and nothing needs it any more.
        reflector.whenSynced().then(
          () => {
            if (reflector.store.size === 0) directory.noteMissingShard(shard)
          },
          () => {},
        )
      }
      webhooks.start()
    },
    async stop() {
      await Promise.all([webhooks.stop(), ...shards.map(({ reflector }) => reflector.stop())])
    },
  }
}

/** Decodes what differs from the version before. */
function decodeChange(
  shard: string,
  change: Exclude<ObjectChange<KeyringSecret>, { type: 'deleted' }>,
  before: ShardContent | undefined,
): ShardContent {
  const data = change.object.data ?? {}
  const known = change.type === 'updated' && before !== undefined ? (change.previous.data ?? {}) : {}
  const uids = Object.keys(data)
  const unchanged = uids.filter((uid) => known[uid] === data[uid])
  const changed = uids.filter((uid) => known[uid] !== data[uid])
  const texts = changed.map((uid) => [uid, Buffer.from(data[uid] ?? '', 'base64').toString('utf8')] as const)
  const decoded = decodeShard(shard, new Map(texts))
  return before === undefined ? decoded : withUnchanged(decoded, unchanged, before)
}

function keepProgressOnly({ metadata, status }: WebhookInProgress): WebhookInProgress {
  const { operation, check } = status ?? {}
  return {
    metadata: bareMetadata(metadata),
    status: {
      ...(operation !== undefined && { operation: { type: operation.type } }),
      ...(check !== undefined && { check: { attemptID: check.attemptID } }),
    },
  }
}

function factsOf({ metadata, status }: WebhookInProgress): EndpointFacts {
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    // Both kinds of operation end in a secret that receivers have not seen yet.
    areKeysChanging: status?.operation !== undefined,
    checkAttemptId: status?.check?.attemptID,
  }
}
