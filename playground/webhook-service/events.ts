import type { Switches } from './switches.ts'

/** The seven that can be subscribed. */
export const subscribableEvents = [
  'batch.succeeded',
  'batch.failed',
  'batch.expired',
  'interaction.completed',
  'interaction.requires_action',
  'interaction.failed',
  'video.generated',
] as const

export const jobOutcomes = {
  batch: ['succeeded', 'failed', 'expired', 'cancelled'],
  interaction: ['completed', 'requires_action', 'failed', 'cancelled'],
  video: ['generated'],
} as const

export type JobType = keyof typeof jobOutcomes
export type JobOutcome = (typeof jobOutcomes)[JobType][number]

export interface FinishedJob {
  id: string
  type: JobType
  outcome: JobOutcome
  /** Only batches with a file as input name an output file. */
  input: 'inline' | 'file'
  userMetadata: Record<string, unknown> | undefined
}

/** `data` of the event that a job's end sends, with what the switches leave open. */
export function eventData(job: FinishedJob, switches: Switches): Record<string, unknown> {
  const id = job.type === 'batch' && switches.batchId === 'path' ? `batches/${job.id}` : job.id
  return { id, ...resultOf(job, switches), ...metadataInData(job, switches) }
}

function resultOf(job: FinishedJob, switches: Switches): Record<string, unknown> {
  if (job.outcome === 'failed') return { error_code: 'INTERNAL', error_message: `The ${job.type} failed.` }
  const file = switches.outputFileUri === 'files' ? `files/${job.id}` : `gs://simulated-output/${job.id}`
  if (job.type === 'batch' && job.outcome === 'succeeded') return job.input === 'file' ? { output_file_uri: file } : {}
  if (job.type === 'video') return videoResult(job.id, file, switches)
  return {}
}

function videoResult(id: string, file: string, switches: Switches): Record<string, unknown> {
  switch (switches.videoFields) {
    case 'guide':
      return { output_file_uri: file, file_name: `${id}.mp4` }
    case 'cookbook':
      return { video_uri: file }
    case 'other':
      return { file_id: id, video_uri: file }
  }
}

function formOf(metadata: Record<string, unknown>, switches: Switches): unknown {
  return switches.userMetadataForm === 'object' ? metadata : JSON.stringify(metadata)
}

function metadataInData({ userMetadata }: FinishedJob, switches: Switches): Record<string, unknown> {
  if (userMetadata === undefined || switches.userMetadataPlace === 'topLevel') return {}
  const key = switches.userMetadataPlace === 'dataSnake' ? 'user_metadata' : 'userMetadata'
  return { [key]: formOf(userMetadata, switches) }
}

/** The compact JSON of an event: type, version, timestamp, data. */
export function eventBody(event: {
  type: string
  timestamp: string
  data: unknown
  userMetadata?: Record<string, unknown> | undefined
  switches: Switches
}): Uint8Array {
  const { type, timestamp, data, userMetadata, switches } = event
  const top = userMetadata !== undefined && switches.userMetadataPlace === 'topLevel'
  const envelope = {
    type,
    version: 'v1',
    timestamp,
    data,
    ...(top && { user_metadata: formOf(userMetadata, switches) }),
  }
  return Buffer.from(JSON.stringify(envelope))
}

export function pingBody(switches: Switches, timestamp: string, webhookId: string): Uint8Array {
  const envelope = { type: switches.pingType, version: 'v1', timestamp }
  switch (switches.pingBody) {
    case 'envelope':
      return Buffer.from(JSON.stringify({ ...envelope, data: {} }))
    case 'envelopeWithId':
      return Buffer.from(JSON.stringify({ ...envelope, data: { id: webhookId } }))
    case 'emptyObject':
      return Buffer.from('{}')
  }
}
