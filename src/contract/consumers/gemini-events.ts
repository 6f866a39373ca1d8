import * as z from 'zod'

/**
 * What Gemini sends, for those who get it: the body with `format: Original` and `CloudEventBinary`, `data` with
 * `CloudEventStructured`. Nothing is refused by these schemas on its way: whatever is authentic is handed on as it
 * came. They are what is known of it, and members may be added at any time.
 */

const id = z.string().describe('The job, in the form in which the Gemini API names it, such as `batches/abc123`.')
const userMetadata = z
  .union([z.looseObject({}), z.string()])
  .describe('`user_metadata` of the `webhook_config` of the job: an object, or its JSON text.')
const failure = {
  error_code: z.string().optional().describe('Why, as a word such as `INTERNAL`.'),
  error_message: z.string().optional().describe('Why, for people.'),
}
const outputFileUri = z.string().optional().describe('Where the result is. Batches with inline requests have none.')
const videoData = {
  output_file_uri: z.string().optional().describe('Where the video is.'),
  file_name: z.string().optional().describe('The name of its file.'),
  file_id: z.string().optional().describe('The id of its file. Google has sent this member in place of others.'),
  video_uri: z.string().optional().describe('Where the video is. Google has sent this member in place of others.'),
}

/** What is in `data` beside what every job has, by type of event: the seven that a webhook can be registered for. */
const dataByType = {
  'batch.succeeded': { output_file_uri: outputFileUri },
  'batch.failed': failure,
  'batch.expired': {},
  'interaction.completed': {},
  'interaction.requires_action': {},
  'interaction.failed': failure,
  'video.generated': videoData,
} as const

export type GeminiEventType = keyof typeof dataByType
export const geminiEventTypes = Object.keys(dataByType) as GeminiEventType[]

const about: Record<GeminiEventType, string> = {
  'batch.succeeded': 'A batch has finished.',
  'batch.failed': 'A batch has ended with an error.',
  'batch.expired': 'A batch was not done in time.',
  'interaction.completed': 'A background interaction has finished.',
  'interaction.requires_action': 'A background interaction waits for the result of a function call.',
  'interaction.failed': 'A background interaction has ended with an error.',
  'video.generated': 'A video is there.',
}

const envelope = {
  version: z.string().optional().describe('The version of this form: `v1`.'),
  timestamp: z.iso.datetime({ offset: true }).optional().describe('When it happened, RFC 3339.'),
  user_metadata: userMetadata.optional(),
}

function eventSchema(type: GeminiEventType) {
  const data = z
    .looseObject({ id, ...dataByType[type], user_metadata: userMetadata.optional() })
    .describe('About the job.')
  return z.looseObject({ type: z.literal(type), ...envelope, data }).describe(about[type])
}

export const geminiEvents = Object.fromEntries(geminiEventTypes.map((type) => [type, eventSchema(type)])) as Record<
  GeminiEventType,
  ReturnType<typeof eventSchema>
>

/** Events of types that Google adds later, and of those that cannot be subscribed. */
export const otherGeminiEvent = z
  .looseObject({
    type: z.string().meta({ not: { enum: geminiEventTypes } }),
    ...envelope,
    data: z.unknown().optional().describe('Whatever Google sent.'),
  })
  .describe('An event of another type: take it and ignore it.')
