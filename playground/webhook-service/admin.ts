import { randomBytes } from 'node:crypto'

import type { CallCounts, CallLog, LoggedCall } from './call-log.ts'
import type { DeliveryEngine } from './delivery-engine.ts'
import type { DeliveryRecord } from './delivery-record.ts'
import type { ConnectTo, DeliveryTransport } from './delivery-transport.ts'
import type { Emission } from './emit-event.ts'
import type { JobOutcome } from './events.ts'
import type { CallFault, DeliveryFault, Faults } from './faults.ts'
import type { Job, Jobs, NewJob } from './jobs.ts'
import { mintId, mintSecret } from './mint.ts'
import type { Answer } from './problem.ts'
import type { SigningKeys } from './signer.ts'
import type { SimulatedClock } from './simulated-clock.ts'
import { spaceFor, type WebhookStore } from './store.ts'
import { switchesSchema, type SwitchChanges, type Switches } from './switches.ts'
import {
  liveSecrets,
  newWebhook,
  rotateSecret,
  updateWebhook,
  type RecordChanges,
  type RevocationBehavior,
  type SecretRecord,
  type WebhookInput,
  type WebhookRecord,
} from './webhook-record.ts'

/** What was asked of the admin API cannot be done; the message says what is wrong. */
export class SimulatorAdminError extends Error {
  override readonly name = 'SimulatorAdminError'
  readonly code = 'ERR_SIMULATOR_ADMIN'
}

/**
 * Everything that a test, a demo or a curious user may do behind the back of the API. Also served over HTTP, one path
 * per method.
 */
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
  /**
   * Moves the service's time forward: secrets expire, retries happen, batches expire. Resolves when what fell due has
   * been done.
   */
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

interface AdminDeps {
  store: WebhookStore
  faults: Faults
  log: CallLog
  engine: DeliveryEngine
  transport: DeliveryTransport
  jobs: Jobs
  emit: (emission: Emission) => string[]
  keys: SigningKeys
  clock: SimulatedClock
  settings: { current: Switches }
  onAdvanced: () => void
}

export function createAdmin(deps: AdminDeps): SimulatorAdmin {
  return { ...projectAdmin(deps), ...behaviourAdmin(deps), ...webhookAdmin(deps), ...jobAdmin(deps), ...logAdmin(deps) }
}

function projectAdmin({ store }: AdminDeps) {
  return {
    createProject: (project: string) => store.addProject(project),
    createApiKey(project: string, apiKey = newApiKey()): string {
      store.addKey(apiKey, project)
      return apiKey
    },
    revokeApiKey(apiKey: string): void {
      if (!store.revokeKey(apiKey)) throw new SimulatorAdminError('there is no such API key')
    },
  }
}

function behaviourAdmin({ settings, faults, clock, engine, keys, transport, onAdvanced }: AdminDeps) {
  return {
    switches: () => ({ ...settings.current }),
    setSwitches(changes: SwitchChanges): Switches {
      settings.current = switchesSchema.parse({ ...settings.current, ...changes })
      return { ...settings.current }
    },
    addFault: (fault: CallFault) => faults.addCallFault(fault),
    addDeliveryFault: (fault: DeliveryFault) => faults.addDeliveryFault(fault),
    clearFaults: () => faults.clear(),
    now: () => clock.now(),
    async advance(ms: number): Promise<void> {
      await clock.advance(ms, () => engine.idle())
      onAdvanced()
    },
    rotateSigningKeys: () => keys.rotate(),
    setConnectTo: (connectTo: ConnectTo) => transport.setConnectTo(connectTo),
  }
}

function webhookAdmin({ store, clock, settings }: AdminDeps) {
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

  const edit = (webhookId: string, changes: RecordChanges) =>
    change(webhookId, (record) => updateWebhook(record, changes, clock.now()))

  return {
    webhooks(only?: string): (WebhookRecord & { project: string })[] {
      const projects = store.projects().filter((project) => only === undefined || project === only)
      return projects.flatMap((project) =>
        store.spacesOf(project).flatMap((space) =>
          store.list(space).map((record) => {
            const secrets = liveSecrets(record, clock.now())
            return Object.assign(structuredClone(record), { project, secrets })
          }),
        ),
      )
    },
    secrets: (webhookId: string) => liveSecrets(find(webhookId).record, clock.now()),
    createWebhook(project: string, input: WebhookInput): WebhookRecord {
      requireProject(store, project)
      const version = settings.current.apiVersions === 'twoStores' ? 'v1' : undefined
      const record = newWebhook(mintId(), input, mintSecret(settings.current), clock.now())
      store.put(spaceFor(project, version), record, clock.now())
      return record
    },
    editWebhook: edit,
    rotateWebhook(webhookId: string, behavior: RevocationBehavior = 'revoke_previous_secrets_after_h24'): string {
      const secret = mintSecret(settings.current)
      const context = { nowMs: clock.now(), switches: settings.current }
      change(webhookId, (record) => rotateSecret(record, secret, behavior, context))
      return secret
    },
    deleteWebhook: (webhookId: string) => store.remove(find(webhookId).space, webhookId, clock.now()),
    autoDisable: (webhookId: string) => edit(webhookId, { state: 'disabled_due_to_failed_deliveries' }),
  }
}

function jobAdmin({ store, jobs, emit }: AdminDeps) {
  return {
    createJob(job: NewJob): Job {
      requireProject(store, job.project)
      return valueOf(jobs.create(job))
    },
    finishJob: (jobId: string, outcome: JobOutcome) => valueOf(jobs.finish(jobId, outcome)),
    jobs: () => jobs.list(),
    emit(emission: Emission): string[] {
      requireProject(store, emission.project)
      return emit(emission)
    },
  }
}

function logAdmin({ log, engine }: AdminDeps) {
  return {
    calls: () => ({ counts: log.counts(), calls: log.calls() }),
    resetCalls: () => log.reset(),
    deliveries: (webhookId?: string) => engine.deliveries(webhookId),
  }
}

function requireProject(store: WebhookStore, project: string): void {
  if (!store.hasProject(project)) throw new SimulatorAdminError(`there is no project ${project}: create it first`)
}

function valueOf<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value
  throw new SimulatorAdminError(answer.problem.message)
}

/** 39 characters that begin like Google's keys, so that whatever looks for leaked keys finds it. */
function newApiKey(): string {
  return `AIza${randomBytes(40).toString('base64').replaceAll(/[+/=]/g, '').padEnd(35, '0').slice(0, 35)}`
}
