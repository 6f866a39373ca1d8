import type { WebhookRecord } from './webhook-record.ts'

interface Version {
  atMs: number
  /** undefined: deleted. */
  record: WebhookRecord | undefined
}

/** Enough to look back as far as any lag reaches in a test; older versions are forgotten. */
const keptVersions = 64

/**
 * Projects, their API keys and webhooks. A space is where one project's webhooks live; every webhook keeps its past
 * versions, so that reads can lag behind writes by any time asked for.
 */
export class WebhookStore {
  readonly #projectOfKey = new Map<string, string>()
  readonly #projects = new Set<string>()
  readonly #spaces = new Map<string, Map<string, Version[]>>()

  addProject(project: string): void {
    this.#projects.add(project)
  }

  hasProject(project: string): boolean {
    return this.#projects.has(project)
  }

  projects(): string[] {
    return [...this.#projects]
  }

  addKey(apiKey: string, project: string): void {
    this.#projects.add(project)
    this.#projectOfKey.set(apiKey, project)
  }

  /** False when there was no such key. */
  revokeKey(apiKey: string): boolean {
    return this.#projectOfKey.delete(apiKey)
  }

  projectOf(apiKey: string): string | undefined {
    return this.#projectOfKey.get(apiKey)
  }

  put(space: string, record: WebhookRecord, nowMs: number): void {
    this.#append(space, record.id, { atMs: nowMs, record })
  }

  remove(space: string, id: string, nowMs: number): void {
    this.#append(space, id, { atMs: nowMs, record: undefined })
  }

  #append(space: string, id: string, version: Version): void {
    const webhooks = this.#spaces.get(space) ?? new Map<string, Version[]>()
    this.#spaces.set(space, webhooks)
    webhooks.set(id, [...(webhooks.get(id) ?? []), version].slice(-keptVersions))
  }

  /** The webhook as it was `asOfMs`; undefined where it did not exist then. */
  get(space: string, id: string, asOfMs = Infinity): WebhookRecord | undefined {
    return this.#spaces
      .get(space)
      ?.get(id)
      ?.findLast(({ atMs }) => atMs <= asOfMs)?.record
  }

  /** All webhooks of a space as they were `asOfMs`, in the order of their creation. */
  list(space: string, asOfMs = Infinity): WebhookRecord[] {
    const ids = [...(this.#spaces.get(space)?.keys() ?? [])]
    return ids.flatMap((id) => this.get(space, id, asOfMs) ?? [])
  }

  /** The space in which a webhook lives now. */
  spaceOf(id: string): string | undefined {
    for (const space of this.#spaces.keys()) if (this.get(space, id) !== undefined) return space
    return undefined
  }

  spacesOf(project: string): string[] {
    return [...this.#spaces.keys()].filter((space) => projectOfSpace(space) === project)
  }
}

/** `version` is left out where all API versions show the same webhooks. */
export function spaceFor(project: string, version: string | undefined): string {
  return version === undefined ? project : `${project}\n${version}`
}

export function projectOfSpace(space: string): string {
  return space.split('\n')[0] ?? space
}
