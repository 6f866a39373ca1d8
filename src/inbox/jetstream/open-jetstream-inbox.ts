import { randomUUID } from 'node:crypto'

import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'

import type { Clock } from '../../clock.ts'
import { equalQuotas, type Quotas } from '../../fairness/quotas.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { defaultInboxBounds, problemsOf, type InboxBounds } from '../bounds.ts'
import type { Inbox } from '../port.ts'
import { RecentDrops } from '../recent-drops.ts'
import { DeletionQueue } from './deletion-queue.ts'
import { EventEnds } from './event-ends.ts'
import { StreamFollower } from './follow-stream.ts'
import { JetstreamInbox } from './jetstream-inbox.ts'
import { createJetstreamInstruments } from './jetstream-instruments.ts'
import { Ledger } from './ledger.ts'
import { connectToNats, watchConnection, type NatsAccess } from '../../nats/connect-to-nats.ts'
import type { SharedDeps } from './shared-deps.ts'
import { prepareStream } from './stream-setup.ts'
import { StreamStore } from './stream-store.ts'
import { Subjects } from './subjects.ts'

export interface JetstreamInboxOptions extends NatsAccess {
  /** Made where missing. */
  stream: string
  /** First tokens of the subjects, which the stream must own. */
  subjectPrefix: string
  /** Copies of the stream that the servers keep. */
  replicas: number
  /** The receiver, the same over its restarts: what its last life had claimed is due at once in the next. */
  home: string
  /** The largest delivery that the receiver accepts. */
  maxBodyBytes: number
  /**
   * Where many writes come, they wait this long for others, milliseconds; absent: they wait for none, which is what a
   * clock that somebody moves needs.
   */
  gatherMs?: number
  clock: Clock
  logger: Logger
  metrics: Metrics
  bounds?: Partial<InboxBounds>
  /** What each namespace gets of what all share; all alike where absent. */
  quotas?: Quotas
  /**
   * Called when other receivers left work that is due or will be: the caller should call `nextDueMs` then, for which
   * there is no other signal.
   */
  onOthersWork?: () => void
  /**
   * Called once when the inbox ended by itself (its stream was deleted, replaced or lost messages): the process should
   * end and start again.
   */
  onEnded?: (why: string) => void
}

/** What ships: at 500 events a second 25 writes are one batch. */
export const shippedGatherMs = 25

/**
 * So many intervals an end waits for the other deliveries of its event: a copy for a route is written in one, and at
 * the server in another.
 */
const waitForEnds = 4

/** Room beside the body for headers: our record with the sender's signature and content type. */
const headerAllowanceBytes = 32 * 1024
/** The first version whose messages can end by themselves, each at its own time. */
const oldestServer = [2, 11] as const
/** The first version that takes many messages as one. */
const firstWithBatches = [2, 12] as const

/**
 * Opens the inbox that many receivers share: one JetStream stream. Rejects with an error that says what to do when no
 * server answers, the server is too old or takes only small messages, or the stream that is there could not keep the
 * promises.
 */
export async function openJetstreamInbox(options: JetstreamInboxOptions): Promise<Inbox> {
  const bounds = { ...defaultInboxBounds, ...options.bounds }
  const problems = problemsOf(bounds)
  if (problems.length > 0) throw new Error(`inbox bounds: ${problems.join('; ')}`)
  const connection = await connectToNats(options, `gwh-inbox ${options.home}`).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const where = options.urls.join(', ')
    throw new Error(`inbox: no connection to NATS at ${where}: ${why}; check --nats-url and the server`, { cause })
  })
  try {
    return await openOn(connection, options, bounds)
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function openOn(connection: NatsConnection, options: JetstreamInboxOptions, bounds: InboxBounds): Promise<Inbox> {
  const { clock, logger, metrics, stream, subjectPrefix, replicas, home, maxBodyBytes, onEnded } = options
  checkServer(connection, maxBodyBytes)
  const batches = isAtLeast(connection.info?.version, firstWithBatches)
  const manager = await jetstreamManager(connection).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const where = options.urls.join(', ')
    throw new Error(
      `inbox: JetStream at ${where} does not answer: ${why}; it may be off, or its servers have no leader yet (nats server report jetstream)`,
      { cause },
    )
  })
  const client = manager.jetstream()
  const subjects = new Subjects(subjectPrefix)
  const maxMessageBytes = maxBodyBytes + headerAllowanceBytes
  const { maxBytes: askedBytes } = bounds
  const wanted = { name: stream, subjects: subjects.all, replicas, maxBytes: askedBytes, maxMessageBytes, batches }
  const { maxBytes, warning } = await prepareStream(manager, wanted)
  if (warning !== undefined) logger.warn({ stream, warning }, 'inbox.durability')

  const instruments = createJetstreamInstruments(metrics)
  instruments.budget.set(maxBytes)
  instruments.connected.set(1)
  const store = new StreamStore({ stream, connection, manager, clock, gatherMs: options.gatherMs ?? 0 })
  const onChange = (isConnected: boolean) => {
    instruments.connected.set(isConnected ? 1 : 0)
    store.noteConnection(isConnected)
  }
  void watchConnection(connection, { name: 'inbox', logger }, { onChange })

  const state = await store.state()
  if (state === undefined)
    throw new Error(`inbox stream ${stream}: it was deleted as soon as it was there; start again`)
  const identity = { home, run: randomUUID() }
  const kept = { ...bounds, maxBytes }
  const { quotas = equalQuotas } = options
  const ledger = new Ledger({ identity, subjects, bounds: kept, quotas })
  const deletions = new DeletionQueue(store)
  const deps: SharedDeps = {
    store,
    ledger,
    subjects,
    identity,
    clock,
    logger,
    instruments,
    recentDrops: new RecentDrops(),
    bounds: kept,
    quotas,
  }
  const { gatherMs = 0 } = options
  const ends = new EventEnds(deps, { deletions, waitMs: gatherMs * waitForEnds })
  const onOthersWork = options.onOthersWork ?? (() => {})
  const onNewer = () => inbox.end('a newer version of this program writes to its stream; run that version')
  const onDeliveryEnded = (key: string) => inbox.closeIfEnded(key)
  const follower = new StreamFollower(deps, { stream, client, deletions, onNewer, onOthersWork, onDeliveryEnded })
  const inbox = new JetstreamInbox({
    ...deps,
    connection,
    follower,
    deletions,
    ends,
    created: state.created,
    wanted,
    onEnded: onEnded ?? (() => {}),
  })
  await inbox.start()
  logger.info({ stream, replicas, maxBytes, ...ledger.totals }, 'inbox.opened')
  return inbox
}

function checkServer(connection: NatsConnection, maxBodyBytes: number): void {
  const { version = '', max_payload: maxPayload = 0 } = connection.info ?? {}
  if (!isAtLeast(version, oldestServer)) {
    throw new Error(`inbox: the NATS server has version ${version}; at least ${oldestServer.join('.')} is needed`)
  }
  const neededBytes = maxBodyBytes + headerAllowanceBytes
  if (maxPayload < neededBytes) {
    throw new Error(
      `inbox: the NATS server takes messages of ${maxPayload} bytes, deliveries may have ${neededBytes} with headers; raise its max_payload or lower --max-body`,
    )
  }
}

function isAtLeast(version = '', [oldestMajor, oldestMinor]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}
