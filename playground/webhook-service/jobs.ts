import type { Clock } from '../clock.ts'
import type { Emission } from './emit-event.ts'
import { eventData, jobOutcomes, type JobOutcome, type JobType } from './events.ts'
import { mintId } from './mint.ts'
import { answered, failedPrecondition, invalidArgument, notFound, type Answer } from './problem.ts'
import type { Switches } from './switches.ts'
import { uriProblem } from './validate-webhook.ts'

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

const expiryMs: Record<Switches['batchExpiry'], number> = { h24: 24 * 3_600_000, h48: 48 * 3_600_000 }

/**
 * Batches, interactions and videos that run until somebody finishes them; only a batch ends by itself, when it expires.
 */
export class Jobs {
  readonly #emit: (emission: Emission) => string[]
  readonly #switches: () => Switches
  readonly #clock: Clock
  readonly #jobs = new Map<string, Job>()

  constructor(deps: { emit: (emission: Emission) => string[]; switches: () => Switches; clock: Clock }) {
    this.#emit = deps.emit
    this.#switches = deps.switches
    this.#clock = deps.clock
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id)
  }

  list(): Job[] {
    return [...this.#jobs.values()]
  }

  create(given: NewJob): Answer<Job> {
    const { project, type, model = `simulated-${type}`, input = 'inline', displayName, webhookConfig } = given
    const wrong = webhookConfig === undefined ? undefined : configProblem(webhookConfig, this.#switches())
    if (wrong !== undefined) return invalidArgument(wrong)
    const nowMs = this.#clock.now()
    const id = type === 'interaction' ? `v1_${mintId()}` : mintId()
    const times = { createdMs: nowMs, updatedMs: nowMs }
    const job: Job = { id, project, type, model, input, displayName, webhookConfig, state: 'running', ...times }
    this.#jobs.set(id, job)
    if (type === 'batch') {
      this.#clock.after(expiryMs[this.#switches().batchExpiry], () => this.finish(id, 'expired'))
    }
    return answered(job)
  }

  /** Ends a job and sends what its end sends; gives the ids of the deliveries. */
  finish(id: string, outcome: JobOutcome): Answer<{ job: Job; deliveryIds: string[] }> {
    const job = this.#jobs.get(id)
    if (job === undefined) return notFound(`Job '${id}' not found.`)
    const possible: readonly string[] = jobOutcomes[job.type]
    if (!possible.includes(outcome)) {
      return invalidArgument(`A ${job.type} cannot end as '${outcome}'. It can end as: ${possible.join(', ')}.`)
    }
    if (job.state !== 'running' && job.state !== 'requires_action') {
      return failedPrecondition(`Job '${id}' has ended already: ${job.state}.`)
    }
    const ended = { ...job, state: outcome, updatedMs: this.#clock.now() }
    this.#jobs.set(id, ended)
    const silent = isSilent(job, outcome, this.#switches())
    return answered({ job: ended, deliveryIds: silent ? [] : this.#emit(endOf(job, outcome, this.#switches())) })
  }
}

function isSilent({ type, model, webhookConfig }: Job, outcome: JobOutcome, switches: Switches): boolean {
  if (outcome === 'cancelled') return switches.cancelledEvents === 'silent'
  const omni = type === 'video' && webhookConfig !== undefined && model.includes('omni')
  return omni && switches.omniVideoWebhook === 'silent'
}

function endOf({ id, project, type, input, webhookConfig }: Job, outcome: JobOutcome, switches: Switches): Emission {
  const { uris = [], userMetadata } = webhookConfig ?? {}
  return {
    project,
    type: `${type}.${outcome}`,
    data: eventData({ id, type, outcome, input, userMetadata }, switches),
    userMetadata,
    uris: uris.length === 0 ? undefined : uris,
  }
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
