import { growingMs } from '../../backoff.ts'
import { sleep, type Clock } from '../../clock.ts'
import { SharedRoom, type Taker } from '../../fairness/shared-room.ts'
import type { RemoteWebhook, WebhookService } from '../../gemini/webhook-service.ts'
import { failureOf, type Failure } from '../facts/failure-class.ts'
import { oneMoreTry } from '../memory/retry.ts'
import { indexed, ProjectView, viewOf, type ListShare, type ProjectList, type RemoteListing } from './project-view.ts'
import type { ShownList } from './shared-projects.ts'

export interface ListDemand {
  /** The list must have been started then or later. */
  notBeforeMs?: number
  /**
   * A look was requested at `notBeforeMs`: neither a rest nor a pause holds, but for the pause after a list that
   * answered this very request.
   */
  urgent?: boolean
  /** The namespace that asks: what the list takes of memory is on its account. Absent: on no account. */
  party?: string
}

/** Where a list comes from, and on whose account it is kept. */
interface Source {
  service: WebhookService
  fingerprint: string
  taker: Taker
}

interface ObserverOptions {
  clock: Clock
  /** A list older than this is made again. */
  maxAgeMs: number
  credentialsRetryMs: number
  /** Is told of every list that was answered. */
  onListed?: (list: ShownList) => void
}

/**
 * Of all lists that are kept, in characters: some 90,000 webhooks, and an eighth of the memory that the chart gives.
 * While one is made anew the last is there too, so that it may be twice as much. A list of more than its share is none,
 * as one of more than is read.
 */
const keptCharacters = 64 * 1024 * 1024

/**
 * After a list rests this many times as long as it took: where objects keep asking for a fresh one, as in a large
 * rollout, listing takes a fixed share of the time (and of the call budget), however long the list has become; the next
 * one serves all who waited.
 */
const restPerListMs = 3
const longestRestMs = 10_000
const failurePauses = { baseMs: 1000, maxMs: 300_000 }

/**
 * One paged list per API key and resync interval serves every object that uses the key; so the calls do not grow with
 * the objects. Lists are single-flight, and one that must be newer than an intent serves every intent written before it
 * started.
 */
export class RemoteObserver {
  readonly #options: ObserverOptions
  readonly #projects = new Map<string, ProjectView>()
  readonly #room = new SharedRoom({ total: keptCharacters })

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  /**
   * What can be said at once: a list that is new enough, or the failure of one that is not to be repeated yet.
   * Undefined: ask with `list`.
   */
  known(fingerprint: string, { notBeforeMs, urgent = false }: ListDemand = {}): RemoteListing | Failure | undefined {
    const project = this.#project(fingerprint)
    const nowMs = this.#options.clock.monotonic()
    const oldestMs = Math.max(notBeforeMs ?? -Infinity, nowMs - this.#options.maxAgeMs)
    if (project.list !== undefined && project.list.startedAtMs >= oldestMs) return viewOf(project, project.list)
    const { refused } = project
    if (refused === undefined || refused.untilMs <= nowMs) return undefined
    const isUntried = urgent && refused.startedAtMs < (notBeforeMs ?? Infinity)
    return isUntried ? undefined : refused.failure
  }

  /**
   * A refusal is a value. May take as long as a list, the one before it and a rest: hold nothing meanwhile that others
   * wait for.
   */
  async list(fingerprint: string, service: WebhookService, demand: ListDemand = {}): Promise<RemoteListing | Failure> {
    const known = this.known(fingerprint, demand)
    if (known !== undefined) return known
    const project = this.#project(fingerprint)
    try {
      return viewOf(
        project,
        await this.#fetch(project, { service, fingerprint, taker: [demand.party ?? '', fingerprint] }, demand),
      )
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

  prune(inUse: ReadonlySet<string>): void {
    for (const [fingerprint, project] of this.#projects) {
      if (inUse.has(fingerprint)) continue
      this.#giveBack(project)
      this.#projects.delete(fingerprint)
    }
  }

  #project(fingerprint: string): ProjectView {
    let project = this.#projects.get(fingerprint)
    if (project === undefined) this.#projects.set(fingerprint, (project = new ProjectView()))
    return project
  }

  /** Joins a list under way if it is new enough; otherwise the one after it. */
  #fetch(project: ProjectView, source: Source, { notBeforeMs = -Infinity, urgent }: ListDemand): Promise<ProjectList> {
    const { flight } = project
    const oldestMs = Math.max(notBeforeMs, this.#options.clock.monotonic() - this.#options.maxAgeMs)
    if (flight !== undefined && flight.startedAtMs >= oldestMs) return flight.done
    project.next ??= this.#planNext(project, source)
    if (urgent === true) project.next.hurry.abort()
    return project.next.done
  }

  #planNext(project: ProjectView, source: Source): NonNullable<ProjectView['next']> {
    const hurry = new AbortController()
    const start = async (): Promise<ProjectList> => {
      await project.flight?.done.catch(() => undefined)
      const restMs = this.#restMs(project)
      if (restMs > 0) await sleep(this.#options.clock, restMs, hurry.signal)
      project.next = undefined
      return this.#start(project, source)
    }
    return { done: start(), hurry }
  }

  #restMs({ last }: ProjectView): number {
    if (last === undefined) return 0
    return last.endedAtMs + Math.min(last.tookMs * restPerListMs, longestRestMs) - this.#options.clock.monotonic()
  }

  async #start(project: ProjectView, source: Source): Promise<ProjectList> {
    const { clock } = this.#options
    const startedAtMs = clock.monotonic()
    const done = this.#download(project, source, startedAtMs)
    project.flight = { startedAtMs, done }
    try {
      return await done
    } catch (error) {
      // Once per list, not once per object that waited for it: a thousand of them must not make the pause a thousand
      // steps longer.
      this.#refuse(project, failureOf(error), startedAtMs)
      throw error
    } finally {
      const endedAtMs = clock.monotonic()
      project.last = { endedAtMs, tookMs: endedAtMs - startedAtMs }
      project.flight = undefined
    }
  }

  async #download(
    project: ProjectView,
    { service, fingerprint, taker }: Source,
    startedAtMs: number,
  ): Promise<ProjectList> {
    const before = project.taken
    this.#giveBack(project)
    const share = { taker, characters: 0 }
    project.taken = share
    const take = (characters: number) => {
      // Otherwise it is not needed any more.
      const fits = project.taken === share && characters <= this.#room.freeFor(taker)
      if (fits) {
        this.#room.take(taker, characters)
        share.characters += characters
      }
      return fits
    }
    const webhooks = await service.list(undefined, take).catch((error: unknown) => {
      if (project.taken === share) this.#keepFormer(project, before)
      throw error
    })
    const list = indexed(webhooks, startedAtMs)
    project.list = list
    project.refused = undefined
    project.forgetOlderThan(startedAtMs)
    this.#options.onListed?.({ fingerprint, startedAtMs, webhooks })
    return list
  }

  /** What was listed before is still there. */
  #keepFormer(project: ProjectView, before: ListShare | undefined): void {
    this.#giveBack(project)
    project.taken = before
    if (before !== undefined) this.#room.take(before.taker, before.characters)
  }

  #giveBack(project: ProjectView): void {
    const { taken } = project
    project.taken = undefined
    if (taken !== undefined && taken.characters > 0) this.#room.give(taken.taker, taken.characters)
  }

  /** Objects that share a key share its failure: a thousand of them do not ask a thousand times. */
  #refuse(project: ProjectView, failure: Failure, startedAtMs: number): void {
    const { clock, credentialsRetryMs } = this.#options
    const pauseMs = (row: number) =>
      failure.class === 'credentials' ? credentialsRetryMs : (failure.retryAfterMs ?? growingMs(row - 1, failurePauses))
    const retry = oneMoreTry(project.refused, { occasion: 'list', nowMs: clock.monotonic(), pauseMs })
    project.refused = { ...retry, failure, startedAtMs }
  }
}
