import { sleep, type Clock } from '../clock.ts'
import type { RemoteWebhook, WebhookService } from '../gemini/webhook-service.ts'
import { failureOf, type Failure } from './failure-class.ts'
import { indexed, ProjectView, viewOf, type ProjectList, type RemoteListing } from './project-view.ts'

export interface ListDemand {
  /** The list must have been started then or later. */
  notBeforeMs?: number
  /** Somebody asked for a look now: neither a pause after a failure nor a rest holds. */
  urgent?: boolean
}

interface ObserverOptions {
  clock: Clock
  /** A list older than this is made again. */
  maxAgeMs: number
  credentialsRetryMs: number
}

/**
 * After a list rests this many times as long as it took: where objects keep asking for a fresh one, as in a large rollout, listing takes a fixed share of
 * the time (and of the call budget), however long the list has become; the next one serves all who waited.
 */
const restPerListMs = 3
const longestRestMs = 10_000
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

  /** What can be said at once: a list that is new enough, or the failure of one that is not to be repeated yet. Undefined: ask with `list`. */
  known(
    fingerprint: string,
    { notBeforeMs = -Infinity, urgent = false }: ListDemand = {},
  ): RemoteListing | Failure | undefined {
    const project = this.#project(fingerprint)
    const nowMs = this.#options.clock.monotonic()
    const oldestMs = Math.max(notBeforeMs, nowMs - this.#options.maxAgeMs)
    if (project.list !== undefined && project.list.startedAtMs >= oldestMs) return viewOf(project, project.list)
    if (!urgent && project.refused !== undefined && project.refused.untilMs > nowMs) return project.refused.failure
    return undefined
  }

  /** A refusal is a value. May take as long as a list, the one before it and a rest: hold nothing meanwhile that others wait for. */
  async list(fingerprint: string, service: WebhookService, demand: ListDemand = {}): Promise<RemoteListing | Failure> {
    const known = this.known(fingerprint, demand)
    if (known !== undefined) return known
    const project = this.#project(fingerprint)
    try {
      return viewOf(project, await this.#fetch(project, service, demand))
    } catch (error) {
      return failureOf(error)
    }
  }

  /** Reads one webhook by id, bypassing the list; undefined when Google answers that it does not exist. */
  async get(fingerprint: string, service: WebhookService, id: string): Promise<RemoteWebhook | undefined> {
    const asOfMs = this.#options.clock.monotonic()
    const webhook = await service.get(id)
    this.#project(fingerprint).learn(id, { webhook, asOfMs })
    return webhook
  }

  /** Takes over what a call of ours answered. */
  learn(fingerprint: string, id: string, webhook: RemoteWebhook | undefined): void {
    this.#project(fingerprint).learn(id, { webhook, asOfMs: this.#options.clock.monotonic() })
  }

  /** When this webhook was last read by id or told by a call of ours; undefined if only a list showed it. */
  readByIdMs(fingerprint: string, id: string): number | undefined {
    return this.#project(fingerprint).newer(id)?.asOfMs
  }

  prune(inUse: ReadonlySet<string>): void {
    for (const fingerprint of this.#projects.keys()) if (!inUse.has(fingerprint)) this.#projects.delete(fingerprint)
  }

  #project(fingerprint: string): ProjectView {
    let project = this.#projects.get(fingerprint)
    if (project === undefined) this.#projects.set(fingerprint, (project = new ProjectView()))
    return project
  }

  /** Joins a list under way if it is new enough; otherwise the one after it. */
  #fetch(
    project: ProjectView,
    service: WebhookService,
    { notBeforeMs = -Infinity, urgent }: ListDemand,
  ): Promise<ProjectList> {
    const { flight } = project
    const oldestMs = Math.max(notBeforeMs, this.#options.clock.monotonic() - this.#options.maxAgeMs)
    if (flight !== undefined && flight.startedAtMs >= oldestMs) return flight.done
    project.next ??= this.#planNext(project, service)
    if (urgent === true) project.next.hurry.abort()
    return project.next.done
  }

  #planNext(project: ProjectView, service: WebhookService): NonNullable<ProjectView['next']> {
    const hurry = new AbortController()
    const start = async (): Promise<ProjectList> => {
      await project.flight?.done.catch(() => undefined)
      const restMs = this.#restMs(project)
      if (restMs > 0) await sleep(this.#options.clock, restMs, hurry.signal)
      project.next = undefined
      return this.#start(project, service)
    }
    return { done: start(), hurry }
  }

  #restMs({ last }: ProjectView): number {
    if (last === undefined) return 0
    return last.endedAtMs + Math.min(last.tookMs * restPerListMs, longestRestMs) - this.#options.clock.monotonic()
  }

  async #start(project: ProjectView, service: WebhookService): Promise<ProjectList> {
    const { clock } = this.#options
    const startedAtMs = clock.monotonic()
    const done = this.#download(project, service, startedAtMs)
    project.flight = { startedAtMs, done }
    try {
      return await done
    } catch (error) {
      // Once per list, not once per object that waited for it: a thousand of them must not make the pause a thousand steps longer.
      this.#refuse(project, failureOf(error))
      throw error
    } finally {
      const endedAtMs = clock.monotonic()
      project.last = { endedAtMs, tookMs: endedAtMs - startedAtMs }
      project.flight = undefined
    }
  }

  async #download(project: ProjectView, service: WebhookService, startedAtMs: number): Promise<ProjectList> {
    const webhooks = await service.list()
    const list = indexed(webhooks, startedAtMs)
    project.list = list
    project.refused = undefined
    project.forgetOlderThan(startedAtMs)
    return list
  }

  /** Objects that share a key share its failure: a thousand of them do not ask a thousand times. */
  #refuse(project: ProjectView, failure: Failure): void {
    const row = (project.refused?.row ?? 0) + 1
    const growingMs = Math.min(firstPauseMs * 2 ** (row - 1), longestPauseMs)
    const pauseMs =
      failure.class === 'credentials' ? this.#options.credentialsRetryMs : (failure.retryAfterMs ?? growingMs)
    project.refused = { failure, row, untilMs: this.#options.clock.monotonic() + pauseMs }
  }
}
