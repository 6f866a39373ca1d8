import * as z from 'zod'

import { only } from '../admin-api/fields.ts'

/** What each kind of job of the playground can end as, the usual end first. */
export const jobOutcomes = {
  batch: ['succeeded', 'failed', 'expired'],
  interaction: ['completed', 'requires_action', 'failed'],
  video: ['generated'],
} as const

/** What the broken worker answers: the first is given up at once, the second is tried again. */
export const workerRefusals = [400, 503] as const

/** The furthest that one action moves the clock: two days, twice what a former secret is still good for. */
const maxAdvanceSeconds = 2 * 24 * 3600

const webhook = z
  .string('webhook is no NAMESPACE/NAME')
  .regex(/^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/, 'webhook is no NAMESPACE/NAME')
const advance = `seconds is no whole number from 1 to ${maxAdvanceSeconds}`

const action = <const Name extends string, const Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  only({ action: z.literal(name), ...shape })
const job = <const Name extends keyof typeof jobOutcomes>(name: Name) =>
  action('finishJob', {
    job: z.literal(name),
    outcome: z.enum(jobOutcomes[name], `outcome is not one of ${jobOutcomes[name].join(', ')}`),
    /** Dynamic: to the endpoint of this object, which the job names itself. Absent: to all that are registered. */
    dynamic: webhook.optional(),
  })

/** What somebody may do to the surroundings of the operator in a playground, as the page asks for it. */
export const playgroundAction = z.discriminatedUnion(
  'action',
  [
    /** Creates an object from the samples, or deletes it. `dynamic`: with an endpoint for single jobs only. */
    action('createSample', { sample: z.enum(['registered', 'dynamic'], 'sample is not registered or dynamic') }),
    action('deleteSample', { sample: z.enum(['registered', 'dynamic'], 'sample is not registered or dynamic') }),
    z.discriminatedUnion(
      'job',
      [job('batch'), job('interaction'), job('video')],
      'job is not batch, interaction or video',
    ),
    action('breakWorker', { status: z.literal(workerRefusals, `status is not ${workerRefusals.join(' or ')}`) }),
    action('mendWorker', {}),
    action('deleteSecret', { webhook }),
    /** By another hand: the operator learns of it from what Google shows. */
    action('rotateAtGoogle', { webhook, revokePrevious: z.boolean('revokePrevious is not true or false') }),
    action('forgeRequest', {
      webhook,
      /** Signed with another secret; genuine but ten minutes old; genuine with a body that was changed. */
      how: z.enum(['otherSecret', 'stale', 'changedBody'], 'how is not otherSecret, stale or changedBody'),
    }),
    /** The last genuine request once more, byte for byte. */
    action('replayRequest', { webhook }),
    /** Google disables the webhook, as after too many failed deliveries. */
    action('giveUp', { webhook }),
    action('advanceClock', { seconds: z.int(advance).min(1, advance).max(maxAdvanceSeconds, advance) }),
  ],
  'action is none of the playground',
)

export type PlaygroundAction = z.output<typeof playgroundAction>
