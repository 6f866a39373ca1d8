import type { Clock } from '../clock.ts'
import type { RemoteWebhook, WebhookService } from '../gemini/webhook-service.ts'
import { failureOf, type Failure } from './failure-class.ts'
import { markerIn } from './ownership.ts'

/** One answer about one webhook; `undefined`: it does not exist. */
interface Known {
  webhook: RemoteWebhook | undefined
  /** When the call that told it was sent. */
  asOfMs: number
}

interface List {
  startedAtMs: number
  byId: ReadonlyMap<string, RemoteWebhook>
  idsByMarker: ReadonlyMap<string, string[]>
  idsByUri: ReadonlyMap<string, string[]>
}

/** What is known of one project: its last list, and every newer answer about a single webhook laid over it. */
class ProjectView {
  list: List | undefined
  flight: { startedAtMs: number; done: Promise<List> } | undefined
  refused: { failure: Failure; untilMs: number; row: number } | undefined
  readonly newer = new Map<string, Known>()
}

export interface RemoteListing {
  startedAtMs: number
  byId(id: string): RemoteWebhook | undefined
  byMarker(marker: string): RemoteWebhook[]
  byUri(uri: string): RemoteWebhook[]
}

interface ObserverOptions {
  clock: Clock
  /** A list older than this is made again. */
  maxAgeMs: number
  credentialsRetryMs: number
}

const firstPauseMs = 1000
const longestPauseMs = 300_000

/**
 * One paged list per API key and resync interval serves every object that uses the key; so the calls do not grow with the objects. Lists are
 * single-flight, and one that must be newer than an intent serves every intent written before it started.
 */
export class RemoteObserver {
  readonly #options: ObserverOptions
  readonly #projects = new Map<string, ProjectView>()

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  /** A refusal is a value. `notBeforeMs`: the list must have been started then or later. `urgent`: a pause after a failure does not hold. */
  async list(
    fingerprint: string,
    service: WebhookService,
    { notBeforeMs = -Infinity, urgent = false } = {},
  ): Promise<RemoteListing | Failure> {
    const project = this.#project(fingerprint)
    const nowMs = this.#options.clock.monotonic()
    const oldestMs = Math.max(notBeforeMs, nowMs - this.#options.maxAgeMs)
    if (project.list !== undefined && project.list.startedAtMs >= oldestMs) return viewOf(project, project.list)
    if (!urgent && project.refused !== undefined && project.refused.untilMs > nowMs) return project.refused.failure
    try {
      return viewOf(project, await this.#fetch(project, service, oldestMs))
    } catch (error) {
      return this.#refuse(project, failureOf(error))
    }
  }

  /** Reads one webhook by id, bypassing the list; undefined when Google answers that it does not exist. */
  async get(fingerprint: string, service: WebhookService, id: string): Promise<RemoteWebhook | undefined> {
    const asOfMs = this.#options.clock.monotonic()
    const webhook = await service.get(id)
    this.#project(fingerprint).newer.set(id, { webhook, asOfMs })
    return webhook
  }

  /** Takes over what a call of ours answered. */
  learn(fingerprint: string, id: string, webhook: RemoteWebhook | undefined): void {
    this.#project(fingerprint).newer.set(id, { webhook, asOfMs: this.#options.clock.monotonic() })
  }

  /** When this webhook was last read by id or told by a call of ours; undefined if only a list showed it. */
  readByIdMs(fingerprint: string, id: string): number | undefined {
    return this.#project(fingerprint).newer.get(id)?.asOfMs
  }

  prune(inUse: ReadonlySet<string>): void {
    for (const fingerprint of this.#projects.keys()) if (!inUse.has(fingerprint)) this.#projects.delete(fingerprint)
  }

  #project(fingerprint: string): ProjectView {
    let project = this.#projects.get(fingerprint)
    if (project === undefined) this.#projects.set(fingerprint, (project = new ProjectView()))
    return project
  }

  /** Joins a list under way if it is new enough; otherwise waits for it to end and starts the next. */
  async #fetch(project: ProjectView, service: WebhookService, oldestMs: number): Promise<List> {
    while (project.flight !== undefined) {
      const { flight } = project
      if (flight.startedAtMs >= oldestMs) return flight.done
      await flight.done.catch(() => undefined)
    }
    const startedAtMs = this.#options.clock.monotonic()
    const done = this.#download(project, service, startedAtMs)
    project.flight = { startedAtMs, done }
    try {
      return await done
    } finally {
      project.flight = undefined
    }
  }

  async #download(project: ProjectView, service: WebhookService, startedAtMs: number): Promise<List> {
    const webhooks = await service.list()
    const list = indexed(webhooks, startedAtMs)
    project.list = list
    project.refused = undefined
    for (const [id, known] of project.newer) if (known.asOfMs < startedAtMs) project.newer.delete(id)
    return list
  }

  /** Objects that share a key share its failure: a thousand of them do not ask a thousand times. */
  #refuse(project: ProjectView, failure: Failure): Failure {
    const row = (project.refused?.row ?? 0) + 1
    const growingMs = Math.min(firstPauseMs * 2 ** (row - 1), longestPauseMs)
    const pauseMs =
      failure.class === 'credentials' ? this.#options.credentialsRetryMs : (failure.retryAfterMs ?? growingMs)
    project.refused = { failure, row, untilMs: this.#options.clock.monotonic() + pauseMs }
    return failure
  }
}

function indexed(webhooks: readonly RemoteWebhook[], startedAtMs: number): List {
  const idsByMarker = new Map<string, string[]>()
  const idsByUri = new Map<string, string[]>()
  for (const { id, name, uri } of webhooks) {
    const marker = markerIn(name)
    if (marker !== undefined) idsByMarker.set(marker, [...(idsByMarker.get(marker) ?? []), id])
    idsByUri.set(uri, [...(idsByUri.get(uri) ?? []), id])
  }
  return { startedAtMs, byId: new Map(webhooks.map((webhook) => [webhook.id, webhook])), idsByMarker, idsByUri }
}

function viewOf({ newer }: ProjectView, list: List): RemoteListing {
  const byId = (id: string) => {
    const known = newer.get(id)
    return known !== undefined && known.asOfMs >= list.startedAtMs ? known.webhook : list.byId.get(id)
  }
  const among = (listed: readonly string[] = []) =>
    [...new Set([...listed, ...newer.keys()])].flatMap((id) => byId(id) ?? [])
  return {
    startedAtMs: list.startedAtMs,
    byId,
    byMarker: (marker) => among(list.idsByMarker.get(marker)).filter(({ name }) => markerIn(name) === marker),
    byUri: (wanted) => among(list.idsByUri.get(wanted)).filter(({ uri }) => uri === wanted),
  }
}
