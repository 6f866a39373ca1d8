import { randomUUID } from 'node:crypto'

import type { Clock } from '../../clock.ts'
import type { DeliveryEngine } from './delivery-engine.ts'
import { eventBody, eventData, jobOutcomes } from './events.ts'
import type { FinishedJob, JobOutcome, JobType } from './events.ts'
import { mintId } from './mint.ts'
import { answered, failedPrecondition, invalidArgument, notFound } from './problem.ts'
import type { Answer } from './problem.ts'
import type { WebhookStore } from './store.ts'
import type { Switches } from './switches.ts'
import { uriProblem } from './validate-webhook.ts'
import { rfc3339 } from './webhook-record.ts'

export interface WebhookConfig {
  uris: string[]
  userMetadata?: Record<string, unknown> | undefined
}

export interface NewJob {
  project: string
  type: JobType
  model?: string
  displayName?: string | undefined
  input?: 'inline' | 'file'
  /** Where given with URIs, they are used instead of the registered webhooks. */
  webhookConfig?: WebhookConfig | undefined
}

export interface Job extends Required<Pick<NewJob, 'project' | 'type' | 'model' | 'input'>> {
  id: string
  displayName: string | undefined
  webhookConfig: WebhookConfig | undefined
  /** `running` until it has an outcome; an interaction that requires action can still end in another way. */
  state: 'running' | JobOutcome
  createdMs: number
  updatedMs: number
}

export interface Emission {
  project: string
  type: string
  data: unknown
  userMetadata?: Record<string, unknown> | undefined
  /** Absent: every enabled webhook of the project that subscribed to the type. */
  uris?: readonly string[] | undefined
}

export interface Jobs {
  create(job: NewJob): Answer<Job>
  get(id: string): Job | undefined
  list(): Job[]
  /** Ends a job and sends what its end sends; the ids of the deliveries. */
  finish(id: string, outcome: JobOutcome): Answer<{ job: Job; deliveryIds: string[] }>
  /** Sends any event, of an unknown type too. */
  emit(emission: Emission): string[]
}

const expiryMs: Record<Switches['batchExpiry'], number> = { h24: 24 * 3_600_000, h48: 48 * 3_600_000 }

/** Batches, interactions and videos that run until somebody finishes them; only a batch ends by itself, when it expires. */
export function createJobs(deps: {
  store: WebhookStore
  engine: DeliveryEngine
  switches: () => Switches
  clock: Clock
}): Jobs {
  const { store, engine, switches, clock } = deps
  const jobs = new Map<string, Job>()

  function emit({ project, type, data, userMetadata, uris }: Emission): string[] {
    const settings = switches()
    const body = eventBody({ type, timestamp: rfc3339(clock.now()), data, userMetadata, switches: settings })
    if (uris === undefined) return emitStatic(project, type, body)
    const shared = newEventId()
    return (settings.dynamicUris === 'all' ? uris : uris.slice(0, 1)).map((uri) =>
      engine.enqueue({
        eventId: settings.dynamicIds === 'same' ? shared : newEventId(),
        eventType: type,
        body,
        target: { kind: 'dynamic', project, uri },
      }),
    )
  }

  function emitStatic(project: string, type: string, body: Uint8Array): string[] {
    const asOfMs = clock.now() - switches().deliveryLagMs
    return store.spacesOf(project).flatMap((space) =>
      store
        .list(space, asOfMs)
        .filter(({ state, subscribedEvents }) => state === 'enabled' && subscribedEvents.includes(type))
        .map(({ id }) =>
          engine.enqueue({
            eventId: newEventId(),
            eventType: type,
            body,
            target: { kind: 'static', space, webhookId: id },
          }),
        ),
    )
  }

  function isSilent(job: Job, outcome: JobOutcome): boolean {
    const settings = switches()
    if (outcome === 'cancelled') return settings.cancelledEvents === 'silent'
    const omni = job.type === 'video' && job.webhookConfig !== undefined && job.model.includes('omni')
    return omni && settings.omniVideoWebhook === 'silent'
  }

  function finish(id: string, outcome: JobOutcome): Answer<{ job: Job; deliveryIds: string[] }> {
    const job = jobs.get(id)
    if (job === undefined) return notFound(`Job '${id}' not found.`)
    const possible: readonly string[] = jobOutcomes[job.type]
    if (!possible.includes(outcome)) {
      return invalidArgument(`A ${job.type} cannot end as '${outcome}'. It can end as: ${possible.join(', ')}.`)
    }
    if (job.state !== 'running' && job.state !== 'requires_action') {
      return failedPrecondition(`Job '${id}' has ended already: ${job.state}.`)
    }
    const ended = { ...job, state: outcome, updatedMs: clock.now() }
    jobs.set(id, ended)
    const userMetadata = job.webhookConfig?.userMetadata
    const finished: FinishedJob = { id, type: job.type, outcome, input: job.input, userMetadata }
    const deliveryIds = isSilent(job, outcome)
      ? []
      : emit({
          project: job.project,
          type: `${job.type}.${outcome}`,
          data: eventData(finished, switches()),
          userMetadata,
          uris: dynamicUris(job),
        })
    return answered({ job: ended, deliveryIds })
  }

  return {
    create(given) {
      const wrong = given.webhookConfig === undefined ? undefined : configProblem(given.webhookConfig, switches())
      if (wrong !== undefined) return invalidArgument(wrong)
      const { project, type, model = `simulated-${type}`, input = 'inline', displayName, webhookConfig } = given
      const nowMs = clock.now()
      const id = type === 'interaction' ? `v1_${mintId()}` : mintId()
      const times = { createdMs: nowMs, updatedMs: nowMs }
      const job: Job = { id, project, type, model, input, displayName, webhookConfig, state: 'running', ...times }
      jobs.set(id, job)
      if (type === 'batch') clock.after(expiryMs[switches().batchExpiry], () => finish(id, 'expired'))
      return answered(job)
    },
    get: (id) => jobs.get(id),
    list: () => [...jobs.values()],
    finish,
    emit,
  }
}

export const newEventId = () => `msg_${randomUUID()}`

function dynamicUris({ webhookConfig }: Job): readonly string[] | undefined {
  return webhookConfig === undefined || webhookConfig.uris.length === 0 ? undefined : webhookConfig.uris
}

function configProblem({ uris, userMetadata }: WebhookConfig, switches: Switches): string | undefined {
  const { maxUrisPerConfig, maxUserMetadataBytes } = switches
  if (maxUrisPerConfig > 0 && uris.length > maxUrisPerConfig) return `At most ${maxUrisPerConfig} webhook URIs.`
  const bytes = Buffer.byteLength(JSON.stringify(userMetadata ?? {}))
  if (maxUserMetadataBytes > 0 && bytes > maxUserMetadataBytes) {
    return `user_metadata is larger than ${maxUserMetadataBytes} bytes.`
  }
  for (const uri of uris) {
    const wrong = uriProblem(uri, switches)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
