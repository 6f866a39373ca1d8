import type { FastifyInstance, FastifyRequest } from 'fastify'

import type { Clock } from '../clock.ts'
import { listBatches, showBatch } from './batches.ts'
import { answered, invalidArgument, notFound, type Answer } from './problem.ts'
import type { Job, Jobs, NewJob, WebhookConfig } from './jobs.ts'
import { versionPath } from './rest-routes.ts'
import type { AuthenticatedCall, CallServer } from './serve-call.ts'
import type { Switches } from './switches.ts'
import { unknownKey } from './validate-webhook.ts'
import { rfc3339 } from './webhook-record.ts'

type JsonObject = Record<string, unknown>
const asObject = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}

/**
 * What users' own calls do: create batches, background interactions and videos, look at them, cancel them. They run
 * until the admin API ends them.
 */
export function registerJobRoutes(
  app: FastifyInstance,
  deps: { jobs: Jobs; calls: CallServer; switches: () => Switches; clock: Clock },
): void {
  const { jobs, calls, switches, clock } = deps
  const showBatchNow = (job: Job) => showBatch(job, switches())

  app.post(`${versionPath}/models/:modelAndMethod`, (request, reply) => {
    const [, model = '', method = ''] = /^(.*):([A-Za-z]+)$/.exec(param(request, 'modelAndMethod')) ?? []
    if (method !== 'batchGenerateContent' && method !== 'predictLongRunning') return reply.callNotFound()
    const operation = (call: AuthenticatedCall) =>
      method === 'batchGenerateContent' ? createBatch(jobs, call, model, switches()) : createVideo(jobs, call, model)
    return calls.serve(request, reply, { verb: 'createJob', version: param(request, 'version'), operation })
  })
  app.post(`${versionPath}/interactions`, (request, reply) =>
    calls.serve(request, reply, {
      verb: 'createJob',
      version: param(request, 'version'),
      operation: (call) => createInteraction(jobs, call),
    }),
  )

  const read = (path: string, find: (request: FastifyRequest) => string, show: (job: Job) => unknown) =>
    app.get(path, (request, reply) =>
      calls.serve(request, reply, {
        verb: 'getJob',
        version: param(request, 'version'),
        operation: ({ project }) => {
          const job = jobs.get(find(request))
          return job?.project === project ? answered(show(job)) : notFound('Requested entity was not found.')
        },
      }),
    )
  read(`${versionPath}/batches/:id`, (request) => param(request, 'id'), showBatchNow)
  app.get(`${versionPath}/batches`, (request, reply) =>
    calls.serve(request, reply, {
      verb: 'listBatches',
      version: param(request, 'version'),
      operation: (call) => listBatches(jobs.list(), call, { switches: switches(), nowMs: clock.now() }),
    }),
  )
  read(`${versionPath}/interactions/:id`, (request) => param(request, 'id'), showInteraction)
  read(`${versionPath}/models/:model/operations/:id`, (request) => param(request, 'id'), showVideo)

  const cancel = (path: string, find: (request: FastifyRequest) => string | undefined, show: (job: Job) => unknown) =>
    app.post(path, (request, reply) => {
      const id = find(request)
      if (id === undefined) return reply.callNotFound()
      return calls.serve(request, reply, {
        verb: 'cancelJob',
        version: param(request, 'version'),
        operation: ({ project }) => {
          if (jobs.get(id)?.project !== project) return notFound('Requested entity was not found.')
          const ended = jobs.finish(id, 'cancelled')
          return ended.ok ? answered(show(ended.value.job)) : ended
        },
      })
    })
  cancel(
    `${versionPath}/batches/:idAndMethod`,
    (request) => /^(.*):cancel$/.exec(param(request, 'idAndMethod'))?.[1],
    () => ({}),
  )
  cancel(`${versionPath}/interactions/:id/cancel`, (request) => param(request, 'id'), showInteraction)
}

const param = (request: FastifyRequest, name: string) => (request.params as Record<string, string>)[name] ?? ''

function createBatch(jobs: Jobs, { project, body }: AuthenticatedCall, model: string, switches: Switches): Answer {
  const batch = asObject(asObject(body)['batch'])
  const config = asObject(batch['webhookConfig'])
  const stranger = unknownKey(config, ['uris', 'userMetadata', 'user_metadata'])
  if (stranger !== undefined) return invalidArgument(stranger)
  // The SDK for Python writes the name of the field in the message, which the JSON form of messages takes, too.
  const userMetadata = config['userMetadata'] ?? config['user_metadata']
  if (switches.batchUserMetadata === 'refused' && userMetadata !== undefined) {
    return invalidArgument(
      'Invalid JSON payload received. Unknown name "userMetadata" at \'batch.webhook_config\': Cannot find field.',
    )
  }
  const { displayName } = batch
  return show(
    jobs.create({
      project,
      type: 'batch',
      model: `models/${model}`,
      displayName: typeof displayName === 'string' ? displayName : undefined,
      input: asObject(batch['inputConfig'])['fileName'] === undefined ? 'inline' : 'file',
      webhookConfig: readConfig(config['uris'], userMetadata),
    }),
    (job) => showBatch(job, switches),
  )
}

function createVideo(jobs: Jobs, { project, body }: AuthenticatedCall, model: string): Answer {
  const config = asObject(asObject(body)['webhookConfig'])
  const webhookConfig = readConfig(config['uris'], config['userMetadata'])
  return show(jobs.create({ project, type: 'video', model: `models/${model}`, webhookConfig }), showVideo)
}

function createInteraction(jobs: Jobs, { project, body }: AuthenticatedCall): Answer {
  const { background, model, agent, webhook_config: given } = asObject(body)
  const config = asObject(given)
  const stranger = unknownKey(config, ['uris', 'user_metadata'])
  if (stranger !== undefined) return invalidArgument(stranger)
  if (given !== undefined && background !== true) {
    return invalidArgument("'webhook_config' requires 'background' to be true.")
  }
  const job: NewJob = {
    project,
    type: 'interaction',
    model: [model, agent].find((name) => typeof name === 'string') ?? 'simulated-interaction',
    webhookConfig: readConfig(config['uris'], config['user_metadata']),
  }
  return show(jobs.create(job), showInteraction)
}

function readConfig(uris: unknown, userMetadata: unknown): WebhookConfig | undefined {
  if (uris === undefined && userMetadata === undefined) return undefined
  const list = Array.isArray(uris) ? uris.map(String) : []
  return { uris: list, ...(userMetadata !== undefined && { userMetadata: asObject(userMetadata) }) }
}

function show(created: Answer<Job>, render: (job: Job) => unknown): Answer {
  return created.ok ? answered(render(created.value)) : created
}

function showVideo(job: Job) {
  return { name: `${job.model}/operations/${job.id}`, ...(job.state !== 'running' && { done: true }) }
}

function showInteraction({ id, model, state, webhookConfig, createdMs, updatedMs }: Job) {
  return {
    id,
    object: 'interaction',
    model,
    status: state === 'running' ? 'in_progress' : state,
    created: rfc3339(createdMs),
    updated: rfc3339(updatedMs),
    steps: [],
    ...(webhookConfig !== undefined && {
      webhook_config: { uris: webhookConfig.uris, user_metadata: webhookConfig.userMetadata },
    }),
  }
}
