import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'

import { SimulatorAdminError } from './admin.ts'
import type { SimulatorAdmin } from './admin.ts'
import { jobOutcomes } from './events.ts'
import { callFaultSchema, deliveryFaultSchema } from './faults.ts'
import type { SwitchChanges } from './switches.ts'
import { revocationBehaviors } from './webhook-record.ts'

const states = ['enabled', 'disabled', 'disabled_due_to_failed_deliveries'] as const
const outcomes = z.enum([...jobOutcomes.batch, ...jobOutcomes.interaction, ...jobOutcomes.video])
const metadata = z.record(z.string(), z.unknown())
const projectOf = z.string().min(1).max(256)

const projectBody = z.strictObject({ project: projectOf })
const keyBody = z.strictObject({ project: projectOf, apiKey: z.string().min(1).max(256).optional() })
const revokeBody = z.strictObject({ apiKey: z.string() })
const advanceBody = z.strictObject({ ms: z.number().min(0) })
const webhookBody = z.strictObject({
  project: projectOf,
  name: z.string().optional(),
  uri: z.string(),
  subscribedEvents: z.array(z.string()),
})
const editBody = z.strictObject({
  name: z.string().optional(),
  uri: z.string().optional(),
  subscribedEvents: z.array(z.string()).optional(),
  state: z.enum(states).optional(),
})
const rotateBody = z.strictObject({ behavior: z.enum(revocationBehaviors).optional() })
const jobBody = z.strictObject({
  project: projectOf,
  type: z.enum(['batch', 'interaction', 'video']),
  /** Where given, the job is created and finished in one go. */
  outcome: outcomes.optional(),
  model: z.string().optional(),
  input: z.enum(['inline', 'file']).optional(),
  /** Where given, the job is dynamic. */
  uris: z.array(z.string()).optional(),
  userMetadata: metadata.optional(),
})
const finishBody = z.strictObject({ outcome: outcomes })
const eventsBody = z.strictObject({
  project: projectOf,
  type: z.string().min(1),
  data: z.unknown(),
  userMetadata: metadata.optional(),
  uris: z.array(z.string()).optional(),
})
const connectToBody = z.record(z.string(), z.string())

/** Drops keys whose value is undefined, which is what "not given" means in our own types. */
type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> }
function given<T extends object>(value: T): Given<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Given<T>
}

/** The admin API under `/_admin/`: JSON in, JSON out, 400 with a reason. For loopback and tests: it asks for no credentials and shows secrets. */
export function registerAdminRoutes(app: FastifyInstance, admin: SimulatorAdmin): void {
  const read = (path: string, look: (query: Record<string, string>, id: string) => unknown) =>
    app.get(`/_admin/${path}`, (request, reply) =>
      respond(reply, () => look(request.query as Record<string, string>, idOf(request.params))),
    )
  const act = <Schema extends z.ZodType>(
    method: 'POST' | 'PATCH' | 'PUT',
    path: string,
    schema: Schema,
    run: (body: z.output<Schema>, id: string) => unknown,
  ) =>
    app.route({
      method,
      url: `/_admin/${path}`,
      handler: (request, reply) =>
        respond(reply, () => run(schema.parse(readJson(request.body)), idOf(request.params))),
    })
  const remove = (path: string, run: (id: string) => void) =>
    app.delete(`/_admin/${path}`, (request, reply) => respond(reply, () => run(idOf(request.params))))

  act('POST', 'projects', projectBody, ({ project }) => admin.createProject(project))
  act('POST', 'api-keys', keyBody, ({ project, apiKey }) => ({ apiKey: admin.createApiKey(project, apiKey) }))
  act('POST', 'api-keys/revoke', revokeBody, ({ apiKey }) => admin.revokeApiKey(apiKey))

  read('switches', () => admin.switches())
  // Names and values are checked where they are applied: a partial schema would fill in defaults here.
  act('PATCH', 'switches', z.record(z.string(), z.unknown()), (changes) => admin.setSwitches(changes as SwitchChanges))

  act('POST', 'faults', callFaultSchema, (fault) => admin.addFault(given(fault)))
  act('POST', 'delivery-faults', deliveryFaultSchema, (fault) => admin.addDeliveryFault(given(fault)))
  remove('faults', () => admin.clearFaults())

  read('clock', () => ({ nowMs: admin.now() }))
  act('POST', 'clock/advance', advanceBody, async ({ ms }) => {
    await admin.advance(ms)
    return { nowMs: admin.now() }
  })

  read('webhooks', ({ project }) => admin.webhooks(project))
  act('POST', 'webhooks', webhookBody, ({ project, ...input }) => admin.createWebhook(project, input))
  read('webhooks/:id/secrets', (_, id) => admin.secrets(id))
  act('PATCH', 'webhooks/:id', editBody, (changes, id) => admin.editWebhook(id, given(changes)))
  act('POST', 'webhooks/:id/rotate', rotateBody, ({ behavior }, id) => ({ secret: admin.rotateWebhook(id, behavior) }))
  act('POST', 'webhooks/:id/auto-disable', z.strictObject({}), (_, id) => admin.autoDisable(id))
  remove('webhooks/:id', (id) => admin.deleteWebhook(id))

  read('jobs', () => admin.jobs())
  act('POST', 'jobs', jobBody, ({ outcome, uris, userMetadata, ...job }) => {
    const dynamic = uris !== undefined || userMetadata !== undefined
    const webhookConfig = dynamic ? { uris: uris ?? [], userMetadata } : undefined
    const created = admin.createJob({ ...given(job), webhookConfig })
    return outcome === undefined ? { job: created, deliveryIds: [] } : admin.finishJob(created.id, outcome)
  })
  act('POST', 'jobs/:id/finish', finishBody, ({ outcome }, id) => admin.finishJob(id, outcome))
  act('POST', 'events', eventsBody, (emission) => ({ deliveryIds: admin.emit(emission) }))

  read('calls', () => admin.calls())
  remove('calls', () => admin.resetCalls())
  read('deliveries', ({ webhookId }) => admin.deliveries(webhookId))
  act('POST', 'signing-keys/rotate', z.strictObject({}), () => admin.rotateSigningKeys())
  act('PUT', 'connect-to', connectToBody, (connectTo) => admin.setConnectTo(connectTo))
}

const idOf = (params: unknown) => (params as { id?: string }).id ?? ''

function readJson(raw: unknown): unknown {
  if (typeof raw !== 'string' || raw === '') return {}
  try {
    return JSON.parse(raw)
  } catch {
    throw new SimulatorAdminError('the body is not JSON')
  }
}

async function respond(reply: FastifyReply, run: () => unknown): Promise<void> {
  try {
    const value = await run()
    await reply.code(200).send(value ?? {})
  } catch (error) {
    if (!(error instanceof SimulatorAdminError || error instanceof z.ZodError)) throw error
    const message = error instanceof z.ZodError ? z.prettifyError(error) : error.message
    await reply.code(400).send({ error: message })
  }
}
