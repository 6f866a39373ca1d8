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

export interface WantedStream {
  name: string
  subjects: string
  replicas: number
  /** For the events. */
  maxBytes: number
  /** The largest message, with its headers. */
  maxMessageBytes: number
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

/**
 * Uses the stream that is there, or makes it. Rejects when the one that is there could not keep the inbox's promises.
 */
export async function prepareStream(manager: JetStreamManager, wanted: WantedStream): Promise<PreparedStream> {
  const config = (await findStream(manager, wanted.name)) ?? (await createStream(manager, wanted))
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

async function findStream(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined
    throw error
  }
}

/** Several receivers may do this at once: the server takes the same request twice. */
async function createStream(manager: JetStreamManager, wanted: WantedStream): Promise<StreamConfig> {
  const { config } = await manager.streams.add({
    ...required,
    name: wanted.name,
    subjects: [wanted.subjects],
    description: 'Inbox of gemini-webhook-operator: events that were acknowledged, and how far their delivery is.',
    num_replicas: wanted.replicas,
    max_bytes: Math.ceil(wanted.maxBytes / eventShare),
  })
  return config
}
