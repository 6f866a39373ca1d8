import { createSecretKey, randomBytes } from 'node:crypto'

import type { RequestEntry } from '../../../src/contract/feed-entry.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import type { KeyringEntry, LiveSecret } from '../../../src/contract/keyring/entry.ts'
import { allKeyringSecretNames, keyIdOf, keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import type { Logger } from '../../../src/observability/logger.ts'
import { recordedLogger } from '../doubles/recorded-logger.ts'
import { createMetrics, type MetricsRegistry } from '../../../src/observability/metrics.ts'
import { createReceiver, type Receiver, type ReceiverOptions } from '../../../src/receiver/create-receiver.ts'
import { decodeShard } from '../../../src/receiver/decode-shard.ts'
import { EndpointActivity } from '../../../src/receiver/endpoint-activity.ts'
import { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import type { PublicKeys } from '../../../src/receiver/receive-dynamic.ts'
import type { ReceiverLimits } from '../../../src/receiver/limits.ts'
import { signatureHeader } from '../../../src/signature/sign.ts'
import type { Clock } from '../../../src/clock.ts'
import { FakeClock } from '../doubles/fake-clock.ts'

export function aSecret(notAfter?: string): LiveSecret {
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  return { keyId: keyIdOf(secret), secret, ...(notAfter !== undefined && { notAfter }) }
}

/** An entry of one webhook `ml/batch-events` with one sink, unless told otherwise. */
export function aKeyringEntry(changes: Partial<KeyringEntry> = {}): KeyringEntry {
  return {
    uid: 'uid-1',
    namespace: 'ml',
    name: 'batch-events',
    secrets: [aSecret()],
    sinks: [aSink('worker')],
    ...changes,
  }
}

export function aSink(name: string): KeyringEntry['sinks'][number] {
  return {
    name,
    destination: { type: 'http', url: 'http://worker.ml.svc/events', reach: 'cluster' },
    format: 'CloudEventBinary',
    headers: {},
    delivery: {
      timeoutMs: 10_000,
      retry: 60,
      retryForMs: 86_400_000,
      backoffPolicy: 'Exponential',
      backoffDelayMs: 1_000,
      backoffMaxMs: 1_800_000,
      retryAfterMaxMs: 300_000,
      maxInFlight: 64,
    },
  }
}

/** A complete directory that knows exactly these entries. */
export function directoryOf(...entries: KeyringEntry[]): EndpointDirectory {
  const directory = new EndpointDirectory()
  for (const shard of allKeyringSecretNames()) {
    const own = entries.filter(({ uid }) => keyringSecretNameFor(uid) === shard)
    const data = new Map(own.map((entry) => [entry.uid, JSON.stringify(entry)]))
    directory.applyShard(shard, decodeShard(shard, data))
  }
  return directory
}

export interface SignOptions {
  id?: string
  timestampSeconds: number
  body: string | Uint8Array
  secrets: readonly LiveSecret[]
}

/** The three headers of a genuine delivery. */
export function signedHeaders({ id = 'msg_1', timestampSeconds, body, secrets }: SignOptions): Record<string, string> {
  const keys = secrets.map(({ secret }) => createSecretKey(Buffer.from(secret.slice('whsec_'.length), 'base64')))
  const timestamp = String(timestampSeconds)
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader({ id, timestamp }, Buffer.from(body), keys),
  }
}

export interface ReceiverFixture {
  receiver: Receiver
  /** What deliveries have shown. */
  activity: EndpointActivity
  metrics: MetricsRegistry
  /** How many requests ended so, from the metrics text. */
  count: (outcome: string, metric?: string) => Promise<number>
  /** How many events the inbox has said it stored. */
  stored: { count: number }
  /** What people would see of the requests. */
  shown: RequestEntry[]
}

export function aReceiver(options: {
  directory: EndpointDirectory
  inbox: ReceiverOptions['inbox']
  clock?: Clock
  logger?: Logger
  limits?: Partial<ReceiverLimits>
  pathPrefix?: string
  parseEnvelope?: typeof parseEnvelope
  publicKeys?: PublicKeys
  tls?: NonNullable<ReceiverOptions['tls']>
  trustedProxies?: readonly string[]
}): ReceiverFixture {
  const metrics = createMetrics()
  const stored = { count: 0 }
  const shown: RequestEntry[] = []
  const activity = new EndpointActivity()
  const receiver = createReceiver({
    clock: new FakeClock(),
    logger: recordedLogger('receiver'),
    parseEnvelope,
    ...options,
    inbox: counting(options.inbox, stored),
    activity,
    metrics,
    onRequest: (entry) => shown.push(entry),
  })
  const count = async (outcome: string, metric = 'gwh_receiver_requests_total') => {
    const { text } = await metrics.expose()
    const line = text.split('\n').find((each) => each.startsWith(`${metric}{outcome="${outcome}"}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  return { receiver, activity, metrics, count, stored, shown }
}

function counting(inbox: ReceiverOptions['inbox'], stored: { count: number }): ReceiverOptions['inbox'] {
  return {
    append: async (event) => {
      const result = await inbox.append(event)
      if (result === 'stored') stored.count += 1
      return result
    },
    get obstacle() {
      return inbox.obstacle
    },
  }
}
