import * as z from 'zod'

import type { SimulatorAdmin } from './admin.ts'
import { jobOutcomes } from './events.ts'
import { callFaultSchema, deliveryFaultSchema } from './faults.ts'
import type { SwitchChanges } from './switches.ts'
import { revocationBehaviors } from './webhook-record.ts'

interface AdminInput<Body> {
  body: Body
  /** Of the webhook or job in the path. */
  id: string
  query: Record<string, string>
}

/** One operation of the admin API; the list below is also the source of its reference page. */
export interface AdminEndpoint {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Below `/_admin/`. */
  path: string
  about: string
  body: z.ZodType
  run: (admin: SimulatorAdmin, input: AdminInput<unknown>) => unknown
}

/** Throws a ZodError where the body is not what the schema says. */
function endpoint<Schema extends z.ZodType>(
  method: AdminEndpoint['method'],
  path: string,
  about: string,
  body: Schema,
  run: (admin: SimulatorAdmin, input: AdminInput<z.output<Schema>>) => unknown,
): AdminEndpoint {
  return { method, path, about, body, run: (admin, input) => run(admin, { ...input, body: body.parse(input.body) }) }
}

const nothing = z.strictObject({})
const project = z.string().min(1).max(256)
const metadata = z.record(z.string(), z.unknown())
const uris = z.array(z.string())
const outcome = z.enum([...jobOutcomes.batch, ...jobOutcomes.interaction, ...jobOutcomes.video])
const state = z.enum(['enabled', 'disabled', 'disabled_due_to_failed_deliveries'])
const webhook = { name: z.string().optional(), uri: z.string(), subscribedEvents: z.array(z.string()) }

const projectBody = z.strictObject({ project })
const keyBody = z.strictObject({ project, apiKey: z.string().min(1).max(256).optional() })
const revokeBody = z.strictObject({ apiKey: z.string() })
const advanceBody = z.strictObject({ ms: z.number().min(0) })
const webhookBody = z.strictObject({ project, ...webhook })
const editBody = z.strictObject({ ...webhook, state }).partial()
const rotateBody = z.strictObject({ behavior: z.enum(revocationBehaviors).optional() })
const jobBody = z.strictObject({
  project,
  type: z.enum(['batch', 'interaction', 'video']),
  outcome: outcome.optional(),
  model: z.string().optional(),
  input: z.enum(['inline', 'file']).optional(),
  uris: uris.optional(),
  userMetadata: metadata.optional(),
})
const finishBody = z.strictObject({ outcome })
const eventBody = z.strictObject({
  project,
  type: z.string().min(1),
  data: z.unknown(),
  userMetadata: metadata.optional(),
  uris: uris.optional(),
})
// Names and values are checked where they are applied: a partial schema would fill in defaults here.
const switchesBody = z.record(z.string(), z.unknown())
const connectToBody = z.record(z.string(), z.string())

export const adminEndpoints: readonly AdminEndpoint[] = [
  endpoint('POST', 'projects', 'Makes a project.', projectBody, (admin, { body }) => admin.createProject(body.project)),
  endpoint(
    'POST',
    'api-keys',
    'Makes an API key for a project, the given one or a new one. Answers `{apiKey}`.',
    keyBody,
    (admin, { body }) => ({ apiKey: admin.createApiKey(body.project, body.apiKey) }),
  ),
  endpoint('POST', 'api-keys/revoke', 'From now on the key is unknown.', revokeBody, (admin, { body }) =>
    admin.revokeApiKey(body.apiKey),
  ),

  endpoint('GET', 'switches', 'All switches as they are.', nothing, (admin) => admin.switches()),
  endpoint('PATCH', 'switches', 'Changes the given switches.', switchesBody, (admin, { body }) =>
    admin.setSwitches(body as SwitchChanges),
  ),

  endpoint('POST', 'faults', 'Something goes wrong with calls of the API.', callFaultSchema, (admin, { body }) =>
    admin.addFault(given(body)),
  ),
  endpoint('POST', 'delivery-faults', 'Something goes wrong with deliveries.', deliveryFaultSchema, (admin, { body }) =>
    admin.addDeliveryFault(given(body)),
  ),
  endpoint('DELETE', 'faults', 'Nothing goes wrong any more.', nothing, (admin) => admin.clearFaults()),

  endpoint('GET', 'clock', "The service's time.", nothing, (admin) => ({ nowMs: admin.now() })),
  endpoint(
    'POST',
    'clock/advance',
    'Moves time forward. Answers when what fell due on the way has been done: retries, expiring secrets and batches.',
    advanceBody,
    async (admin, { body }) => {
      await admin.advance(body.ms)
      return { nowMs: admin.now() }
    },
  ),

  endpoint(
    'GET',
    'webhooks',
    'All webhooks with their secrets; `?project=` for those of one.',
    nothing,
    (admin, { query }) => admin.webhooks(query['project']),
  ),
  endpoint(
    'POST',
    'webhooks',
    'Another hand makes a webhook; nothing is validated.',
    webhookBody,
    (admin, { body }) => {
      const { project: owner, ...input } = body
      return admin.createWebhook(owner, input)
    },
  ),
  endpoint('PATCH', 'webhooks/:id', 'Another hand edits it; nothing is validated.', editBody, (admin, { body, id }) =>
    admin.editWebhook(id, given(body)),
  ),
  endpoint('DELETE', 'webhooks/:id', 'Another hand deletes it.', nothing, (admin, { id }) => admin.deleteWebhook(id)),
  endpoint('GET', 'webhooks/:id/secrets', 'Its secrets that still count, oldest first.', nothing, (admin, { id }) =>
    admin.secrets(id),
  ),
  endpoint(
    'POST',
    'webhooks/:id/rotate',
    'Another hand rotates it. Answers `{secret}`.',
    rotateBody,
    (admin, { body, id }) => ({
      secret: admin.rotateWebhook(id, body.behavior),
    }),
  ),
  endpoint('POST', 'webhooks/:id/auto-disable', 'As after too many failed deliveries.', nothing, (admin, { id }) =>
    admin.autoDisable(id),
  ),

  endpoint('GET', 'jobs', 'All jobs.', nothing, (admin) => admin.jobs()),
  endpoint(
    'POST',
    'jobs',
    'Starts a job, and finishes it at once where `outcome` is given. With `uris` it is dynamic: its events go there.',
    jobBody,
    (admin, { body }) => {
      const { outcome: end, uris: targets, userMetadata, ...job } = body
      const dynamic = targets !== undefined || userMetadata !== undefined
      const webhookConfig = dynamic ? { uris: targets ?? [], userMetadata } : undefined
      const created = admin.createJob({ ...given(job), webhookConfig })
      return end === undefined ? { job: created, deliveryIds: [] } : admin.finishJob(created.id, end)
    },
  ),
  endpoint('POST', 'jobs/:id/finish', 'Finishes a job, which sends its event.', finishBody, (admin, { body, id }) =>
    admin.finishJob(id, body.outcome),
  ),
  endpoint(
    'POST',
    'events',
    'Sends any event, of an unknown type too, to the webhooks that subscribed to it or to `uris`.',
    eventBody,
    (admin, { body }) => ({ deliveryIds: admin.emit(body) }),
  ),

  endpoint(
    'GET',
    'calls',
    'The last calls of the API, and exact counts by verb: received, and committed whether or not the caller was told.',
    nothing,
    (admin) => admin.calls(),
  ),
  endpoint('DELETE', 'calls', 'Counts from zero again.', nothing, (admin) => admin.resetCalls()),
  endpoint(
    'GET',
    'deliveries',
    'The last deliveries with their attempts; `?webhookId=` for one webhook.',
    nothing,
    (admin, { query }) => admin.deliveries(query['webhookId']),
  ),
  endpoint(
    'POST',
    'signing-keys/rotate',
    'The oldest key of the JWKS gives way to a new one, which signs.',
    nothing,
    (admin) => admin.rotateSigningKeys(),
  ),
  endpoint(
    'PUT',
    'connect-to',
    "Where deliveries really go, as curl's --connect-to: from `host:port`, `host` or `*` to an origin such as `http://127.0.0.1:8080`.",
    connectToBody,
    (admin, { body }) => admin.setConnectTo(body),
  ),
]

/** Drops keys whose value is undefined, which is what "not given" means in our own types. */
type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> }
function given<T extends object>(value: T): Given<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Given<T>
}
