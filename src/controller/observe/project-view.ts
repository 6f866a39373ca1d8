import type { Taker } from '../../fairness/shared-room.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { Failure } from '../facts/failure-class.ts'
import type { Retry } from '../memory/retry.ts'
import { isSameMarker, markerIn, shortMarkerOf } from '../facts/ownership.ts'

export interface RemoteListing {
  startedAtMs: number
  byId(id: string): RemoteWebhook | undefined
  byMarker(marker: string): RemoteWebhook[]
  byUri(uri: string): RemoteWebhook[]
}

/** One answer about one webhook; `undefined`: it does not exist. */
interface Known {
  webhook: RemoteWebhook | undefined
  /** When the call that told it was sent. */
  asOfMs: number
}

export interface ProjectList {
  startedAtMs: number
  byId: ReadonlyMap<string, RemoteWebhook>
  /** By its short form: names of earlier versions have no more. */
  idsByMarker: ReadonlyMap<string, ReadonlySet<string>>
  idsByUri: ReadonlyMap<string, string[]>
}

/** For whom a list is kept, and its size in characters. */
export interface ListShare {
  taker: Taker
  characters: number
}

/** What is known of one project: its last list, and every newer answer about a single webhook laid over it. */
export class ProjectView {
  list: ProjectList | undefined
  flight: { startedAtMs: number; done: Promise<ProjectList> } | undefined
  /** The list after the one under way: not started yet, so new enough for whoever asks now. */
  next: { done: Promise<ProjectList>; hurry: AbortController } | undefined
  /** When the last list ended, and how long it took. */
  last: { endedAtMs: number; tookMs: number } | undefined
  /** The lists that failed since the last that did not. */
  refused: (Retry & { failure: Failure; startedAtMs: number }) | undefined
  /** What the list takes of the room that all share. */
  taken: ListShare | undefined
  readonly #newer = new Map<string, Known>()
  /**
   * Ids that carry or carried this marker, or this URI, in `newer`: never too few, and whoever looks compares again.
   */
  readonly #idsByMarker = new Map<string, Set<string>>()
  readonly #idsByUri = new Map<string, Set<string>>()

  newer(id: string): Known | undefined {
    return this.#newer.get(id)
  }

  newerByMarker(marker: string): Iterable<string> {
    return this.#idsByMarker.get(shortMarkerOf(marker)) ?? []
  }

  newerByUri(uri: string): Iterable<string> {
    return this.#idsByUri.get(uri) ?? []
  }

  learn(id: string, known: Known): void {
    this.#newer.set(id, known)
    if (known.webhook === undefined) return
    const marker = markerIn(known.webhook.name)
    if (marker !== undefined) addTo(this.#idsByMarker, shortMarkerOf(marker), id)
    addTo(this.#idsByUri, known.webhook.uri, id)
  }

  /** A list that was started then says the same or something newer. */
  forgetOlderThan(startedAtMs: number): void {
    const kept = [...this.#newer].filter(([, { asOfMs }]) => asOfMs >= startedAtMs)
    for (const map of [this.#newer, this.#idsByMarker, this.#idsByUri]) map.clear()
    for (const [id, known] of kept) this.learn(id, known)
  }
}

function addTo(ids: Map<string, Set<string>>, key: string, id: string): void {
  const known = ids.get(key)
  if (known === undefined) ids.set(key, new Set([id]))
  else known.add(id)
}

/** A list as it was answered, by id, marker and URI. */
export function indexed(webhooks: readonly RemoteWebhook[], startedAtMs: number): ProjectList {
  const idsByMarker = new Map<string, Set<string>>()
  const idsByUri = new Map<string, string[]>()
  for (const { id, name, uri } of webhooks) {
    const marker = markerIn(name)
    if (marker !== undefined) addTo(idsByMarker, shortMarkerOf(marker), id)
    const ids = idsByUri.get(uri)
    if (ids === undefined) idsByUri.set(uri, [id])
    else ids.push(id)
  }
  return { startedAtMs, byId: new Map(webhooks.map((webhook) => [webhook.id, webhook])), idsByMarker, idsByUri }
}

/** What is known of a project: this list, and over it every answer about a single webhook that is newer. */
export function viewOf(project: ProjectView, list: ProjectList): RemoteListing {
  const byId = (id: string) => {
    const known = project.newer(id)
    return known !== undefined && known.asOfMs >= list.startedAtMs ? known.webhook : list.byId.get(id)
  }
  const among = (listed: Iterable<string> = [], newer: Iterable<string>) =>
    [...new Set([...listed, ...newer])].flatMap((id) => byId(id) ?? [])
  return {
    startedAtMs: list.startedAtMs,
    byId,
    byMarker: (marker) =>
      among(list.idsByMarker.get(shortMarkerOf(marker)), project.newerByMarker(marker)).filter(({ name }) =>
        isSameMarker(markerIn(name), marker),
      ),
    byUri: (wanted) => among(list.idsByUri.get(wanted), project.newerByUri(wanted)).filter(({ uri }) => uri === wanted),
  }
}
