import type { ServerResponse } from 'node:http'

import type { Clock } from '../../clock.ts'
import type { PageMessage } from '../../contract/page/messages.ts'

/** Something that the page shows: all of it for a page that is opened, and what changed for those that are open. */
export interface Topic {
  readonly all: () => readonly PageMessage[]
  /** Since it was last asked; empty where nothing did. */
  readonly changes: () => readonly PageMessage[]
  /** How often at most, in ticks. Default 1. */
  readonly everyTicks?: number
}

/** Changes of so long go together, so that a hundred events a second cost a page four pieces of work. */
const tickMs = 250
/** So that no proxy on the way, such as an editor's, closes a quiet stream. */
const heartbeatTicks = 60
/** For one person with some tabs. */
const maxStreams = 32
/** A page that is this far behind is disconnected: it connects again and gets all there is, once. */
const maxWaitingBytes = 32 * 1024 * 1024

/** Server-sent events for every page that is open. While none is, nothing is done. */
export class Streams {
  readonly #topics: readonly Topic[]
  readonly #clock: Clock
  readonly #open = new Set<ServerResponse>()
  #cancelTick: (() => void) | undefined
  #ticks = 0

  constructor(topics: readonly Topic[], clock: Clock) {
    this.#topics = topics
    this.#clock = clock
  }

  /** Takes the response over. False: there are too many, and the response is left alone. */
  open(response: ServerResponse, headers: Readonly<Record<string, string>>): boolean {
    if (this.#open.size >= maxStreams) return false
    this.#sendChanges(() => true)
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
    response.on('error', () => {}) // its end follows
    response.once('close', () => this.#open.delete(response))
    response.write('retry: 1000\n\n')
    for (const message of this.#topics.flatMap((topic) => topic.all())) response.write(eventOf(message))
    this.#open.add(response)
    this.#cancelTick ??= this.#clock.after(tickMs, () => this.#tick())
    return true
  }

  close(): void {
    this.#cancelTick?.()
    for (const response of this.#open) response.destroy()
  }

  #tick(): void {
    this.#ticks += 1
    this.#sendChanges(({ everyTicks = 1 }) => this.#ticks % everyTicks === 0)
    if (this.#ticks % heartbeatTicks === 0) this.#write(':\n\n')
    this.#cancelTick = this.#open.size === 0 ? undefined : this.#clock.after(tickMs, () => this.#tick())
  }

  #sendChanges(isDue: (topic: Topic) => boolean): void {
    const text = this.#topics
      .filter(isDue)
      .flatMap((topic) => topic.changes())
      .map(eventOf)
      .join('')
    if (text !== '') this.#write(text)
  }

  #write(text: string): void {
    for (const response of this.#open) {
      if (response.writableLength > maxWaitingBytes) response.destroy()
      else response.write(text)
    }
  }
}

/** JSON has no line feed of its own, which would end the event. */
function eventOf(message: PageMessage): string {
  return `data: ${JSON.stringify(message)}\n\n`
}
