import { randomBytes } from 'node:crypto'

import type { CallCounts, CallLog, LoggedCall } from './call-log.ts'
import type { DeliveryEngine } from './delivery-engine.ts'
import type { DeliveryRecord } from './delivery-record.ts'
import type { ConnectTo, DeliveryTransport } from './delivery-transport.ts'
import type { JobOutcome } from './events.ts'
import type { CallFault, DeliveryFault, Faults } from './faults.ts'
import type { Emission, Job, Jobs, NewJob } from './jobs.ts'
import { mintId, mintSecret } from './mint.ts'
import type { Answer } from './problem.ts'
import type { SigningKeys } from './signer.ts'
import type { SimulatedClock } from './simulated-clock.ts'
import { spaceFor } from './store.ts'
import type { WebhookStore } from './store.ts'
import { switchesSchema } from './switches.ts'
import type { SwitchChanges, Switches } from './switches.ts'
import { liveSecrets, newWebhook, rotateSecret, updateWebhook } from './webhook-record.ts'
import type { RecordChanges, RevocationBehavior, SecretRecord, WebhookInput, WebhookRecord } from './webhook-record.ts'

/** What was asked of the admin API cannot be done; the message says what is wrong. */
export class SimulatorAdminError extends Error {
  override readonly name = 'SimulatorAdminError'
  readonly code = 'ERR_SIMULATOR_ADMIN'
}

/** Everything that a test, a demo or a curious user may do behind the back of the API. Also served over HTTP, one path per method. */
export interface SimulatorAdmin {
  createProject(project: string): void
  /** The key: the given one, or a new one that looks like Google's. */
  createApiKey(project: string, apiKey?: string): string
  revokeApiKey(apiKey: string): void

  switches(): Switches
  /** Changes some switches; throws a ZodError on names and values that do not exist. */
  setSwitches(changes: SwitchChanges): Switches

  addFault(fault: CallFault): void
  addDeliveryFault(fault: DeliveryFault): void
  clearFaults(): void

  now(): number
  /** Moves the service's time forward: secrets expire, retries happen, batches expire. Resolves when what fell due has been done. */
  advance(ms: number): Promise<void>

  /** What exists now, secrets that still count included; of one project or of all. */
  webhooks(project?: string): (WebhookRecord & { project: string })[]
  /** The secrets that still count, oldest first. */
  secrets(webhookId: string): SecretRecord[]
  /** By another hand, without validation. */
  createWebhook(project: string, input: WebhookInput): WebhookRecord
  editWebhook(webhookId: string, changes: RecordChanges): WebhookRecord
  rotateWebhook(webhookId: string, behavior?: RevocationBehavior): string
  deleteWebhook(webhookId: string): void
  /** As after too many failed deliveries. */
  autoDisable(webhookId: string): WebhookRecord

  createJob(job: NewJob): Job
  finishJob(jobId: string, outcome: JobOutcome): { job: Job; deliveryIds: string[] }
  jobs(): Job[]
  emit(emission: Emission): string[]

  calls(): { counts: CallCounts; calls: LoggedCall[] }
  resetCalls(): void
  deliveries(webhookId?: string): DeliveryRecord[]
  rotateSigningKeys(): void
  setConnectTo(connectTo: ConnectTo): void
}

export function createAdmin(deps: {
  store: WebhookStore
  faults: Faults
  log: CallLog
  engine: DeliveryEngine
  transport: DeliveryTransport
  jobs: Jobs
  keys: SigningKeys
  clock: SimulatedClock
  settings: { current: Switches }
}): SimulatorAdmin {
  const { store, faults, log, engine, transport, jobs, keys, clock, settings } = deps

  function find(webhookId: string): { space: string; record: WebhookRecord } {
    const space = store.spaceOf(webhookId)
    const record = space === undefined ? undefined : store.get(space, webhookId)
    if (space === undefined || record === undefined) throw new SimulatorAdminError(`no webhook has the id ${webhookId}`)
    return { space, record }
  }

  function change(webhookId: string, by: (record: WebhookRecord) => WebhookRecord): WebhookRecord {
    const { space, record } = find(webhookId)
    const changed = by(record)
    store.put(space, changed, clock.now())
    return changed
  }

  function requireProject(project: string): void {
    if (!store.hasProject(project)) throw new SimulatorAdminError(`there is no project ${project}: create it first`)
  }

  return {
    createProject: (project) => store.addProject(project),
    createApiKey(project, apiKey = newApiKey()) {
      store.addKey(apiKey, project)
      return apiKey
    },
    revokeApiKey(apiKey) {
      if (!store.revokeKey(apiKey)) throw new SimulatorAdminError('there is no such API key')
    },
    switches: () => ({ ...settings.current }),
    setSwitches(changes) {
      settings.current = switchesSchema.parse({ ...settings.current, ...changes })
      return { ...settings.current }
    },
    addFault: (fault) => faults.addCallFault(fault),
    addDeliveryFault: (fault) => faults.addDeliveryFault(fault),
    clearFaults: () => faults.clear(),
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms, () => engine.idle()),
    webhooks: (only) =>
      store
        .projects()
        .filter((project) => only === undefined || project === only)
        .flatMap((project) =>
          store.spacesOf(project).flatMap((space) =>
            store.list(space).map((record) => {
              const secrets = liveSecrets(record, clock.now())
              return Object.assign(structuredClone(record), { project, secrets })
            }),
          ),
        ),
    secrets: (webhookId) => liveSecrets(find(webhookId).record, clock.now()),
    createWebhook(project, input) {
      requireProject(project)
      const version = settings.current.apiVersions === 'twoStores' ? 'v1' : undefined
      const record = newWebhook(mintId(), input, mintSecret(settings.current), clock.now())
      store.put(spaceFor(project, version), record, clock.now())
      return record
    },
    editWebhook: (webhookId, changes) => change(webhookId, (record) => updateWebhook(record, changes, clock.now())),
    rotateWebhook(webhookId, behavior = 'revoke_previous_secrets_after_h24') {
      const secret = mintSecret(settings.current)
      const context = { nowMs: clock.now(), switches: settings.current }
      change(webhookId, (record) => rotateSecret(record, secret, behavior, context))
      return secret
    },
    deleteWebhook: (webhookId) => store.remove(find(webhookId).space, webhookId, clock.now()),
    autoDisable: (webhookId) =>
      change(webhookId, (record) => updateWebhook(record, { state: 'disabled_due_to_failed_deliveries' }, clock.now())),
    createJob(job) {
      requireProject(job.project)
      return valueOf(jobs.create(job))
    },
    finishJob: (jobId, outcome) => valueOf(jobs.finish(jobId, outcome)),
    jobs: () => jobs.list(),
    emit(emission) {
      requireProject(emission.project)
      return jobs.emit(emission)
    },
    calls: () => ({ counts: log.counts(), calls: log.calls() }),
    resetCalls: () => log.reset(),
    deliveries: (webhookId) => engine.deliveries(webhookId),
    rotateSigningKeys: () => keys.rotate(),
    setConnectTo: (connectTo) => transport.setConnectTo(connectTo),
  }
}

function valueOf<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value
  throw new SimulatorAdminError(answer.problem.message)
}

/** 39 characters that begin like Google's keys, so that whatever looks for leaked keys finds it. */
function newApiKey(): string {
  return `AIza${randomBytes(40).toString('base64').replaceAll(/[+/=]/g, '').padEnd(35, '0').slice(0, 35)}`
}
