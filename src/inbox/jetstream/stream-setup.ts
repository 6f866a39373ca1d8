import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream'

/**
 * What of the stream the events may take; the rest is for claims and outcomes, without which nothing could end and make
 * room.
 */
const eventShare = 0.8

const streamNotFound = 10_059
/** By this a stream is ours to change: somebody else's has another description, or none. */
const description = 'Inbox of gemini-webhook-operator: events that were acknowledged, and how far their delivery is.'

export interface WantedStream {
  name: string
  subjects: string
  replicas: number
  /** For the events. */
  maxBytes: number
  /** The largest message, with its headers. */
  maxMessageBytes: number
  /** Whether the server knows of atomic batches. */
  batches: boolean
}

export interface PreparedStream {
  /** What the events may really take. */
  maxBytes: number
  warning: string | undefined
}

type RequiredConfig = Pick<
  StreamConfig,
  | 'retention'
  | 'storage'
  | 'discard'
  | 'max_msgs_per_subject'
  | 'max_age'
  | 'max_msgs'
  | 'allow_direct'
  | 'allow_msg_ttl'
>

/** Each is a promise that would be broken otherwise; `nats stream edit` names them the same. */
const required: RequiredConfig = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  max_msgs_per_subject: 1,
  max_age: 0,
  max_msgs: -1,
  allow_direct: true,
  allow_msg_ttl: true,
}

const requiredFields = [
  'retention',
  'storage',
  'discard',
  'max_msgs_per_subject',
  'max_age',
  'max_msgs',
  'allow_direct',
  'allow_msg_ttl',
] as const satisfies readonly (keyof RequiredConfig)[]

/** Pure: what is wrong with a stream that is there already; empty when it can serve. */
export function problemsOfStream(found: Partial<StreamConfig>, wanted: WantedStream): string[] {
  const problems = requiredFields
    .filter((field) => found[field] !== required[field])
    .map((field) => `${field} is ${String(found[field])}, must be ${String(required[field])}`)
  if (!(found.subjects ?? []).includes(wanted.subjects)) problems.push(`subjects lack ${wanted.subjects}`)
  if ((found.num_replicas ?? 1) < wanted.replicas) {
    problems.push(`num_replicas is ${found.num_replicas ?? 1}, ${wanted.replicas} are configured`)
  }
  const maxMessageBytes = found.max_msg_size ?? -1
  if (maxMessageBytes !== -1 && maxMessageBytes < wanted.maxMessageBytes) {
    problems.push(`max_msg_size is ${maxMessageBytes}, deliveries may have ${wanted.maxMessageBytes} with headers`)
  }
  if (found.no_ack === true) problems.push('no_ack is true: it would never say that it has stored anything')
  if (found.sealed === true || found.deny_delete === true) problems.push('it is sealed or denies deletes')
  return problems
}

/** Pure: what the events may really take of a stream. */
export function eventBytesOf({ max_bytes: limit }: Pick<StreamConfig, 'max_bytes'>, wanted: WantedStream): number {
  return limit > 0 ? Math.min(wanted.maxBytes, Math.floor(limit * eventShare)) : wanted.maxBytes
}

/** Pure: whether a receiver made the stream, and it lacks the batches that it could take. */
export function mayAllowBatches(found: Partial<StreamConfig>, wanted: WantedStream): boolean {
  return wanted.batches && found.allow_atomic !== true && found.description === description
}

/** Pure: why each write travels by itself; undefined where they travel in batches. */
export function whyOneByOne(found: Partial<StreamConfig>, wanted: WantedStream): string | undefined {
  if (found.allow_atomic === true) return undefined
  return wanted.batches
    ? 'the stream does not allow atomic batches: set allow_atomic (nats stream edit)'
    : 'the NATS server is older than 2.12, which knows of no atomic batches'
}

/**
 * Uses the stream that is there, or makes it. Rejects when the one that is there could not keep the inbox's promises.
 */
export async function prepareStream(manager: JetStreamManager, wanted: WantedStream): Promise<PreparedStream> {
  const found = await findOrCreate(manager, wanted)
  const config = mayAllowBatches(found, wanted) ? await allowBatches(manager, found) : found
  const problems = problemsOfStream(config, wanted)
  if (problems.length > 0) {
    throw new Error(
      `inbox stream ${wanted.name}: ${problems.join('; ')}. Change it (nats stream edit), or let the receiver make one under another name`,
    )
  }
  return {
    maxBytes: eventBytesOf(config, wanted),
    warning:
      config.num_replicas > 1
        ? undefined
        : 'one copy of the stream: what was acknowledged survives a power cut only if the server runs with sync_interval: always; otherwise use 3 replicas',
  }
}

async function findOrCreate(manager: JetStreamManager, wanted: WantedStream): Promise<StreamConfig> {
  try {
    return (await findStream(manager, wanted.name)) ?? (await createStream(manager, wanted))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `inbox stream ${wanted.name}: it could not be found or made: ${why}; check the NATS servers and --nats-replicas`,
      {
        cause,
      },
    )
  }
}

async function findStream(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined
    throw error
  }
}

/** It serves without them too: a user who may not change the stream is no reason to stay away. */
async function allowBatches(manager: JetStreamManager, found: StreamConfig): Promise<StreamConfig> {
  return manager.streams.update(found.name, { allow_atomic: true }).then(
    ({ config }) => config,
    () => found,
  )
}

/** Several receivers may do this at once: the server takes the same request twice. */
async function createStream(manager: JetStreamManager, wanted: WantedStream): Promise<StreamConfig> {
  const { config } = await manager.streams.add({
    ...required,
    name: wanted.name,
    subjects: [wanted.subjects],
    description,
    ...(wanted.batches && { allow_atomic: true }),
    num_replicas: wanted.replicas,
    max_bytes: Math.ceil(wanted.maxBytes / eventShare),
  })
  return config
}
