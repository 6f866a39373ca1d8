import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TestContext } from 'node:test'

import { settle } from '../doubles/fake-clock.ts'

/** The part of undici's own request object that its diagnostics channels show. */
interface UndiciRequest {
  method: string
  origin: string | URL
  path: string
  headers: readonly unknown[]
}

/** A request that was not a read. */
export interface SeenWrite {
  method: string
  origin: string
  path: string
  userAgent: string
}

/** Requests that call themselves so come and go on their own: nobody waits for them. */
export const unwatchedAgent = 'unwatched'
/** In a row; what a socket has delivered by then has been read and acted on. */
const calmTurns = 4
/**
 * Real time. Nothing here waits for the clock while a request is open; what takes longer than this would hang for ever.
 */
const longestRequestMs = 30_000

/**
 * Every request that this process makes through undici, `fetch` included: which are open, and which write. With it a
 * test on a clock that stands still knows when all that a timer started has come to its end, over real sockets.
 */
export class HttpTraffic {
  readonly #open = new Set<UndiciRequest>()
  #writes: SeenWrite[] = []
  #started = 0

  constructor(t: Pick<TestContext, 'after'>) {
    const listeners = Object.entries({
      create: (request: UndiciRequest) => this.#begin(request),
      // A watch is under way for ever: its beginning is over when its headers are there.
      headers: (request: UndiciRequest) => isWatch(request) && this.#open.delete(request),
      trailers: (request: UndiciRequest) => this.#open.delete(request),
      error: (request: UndiciRequest) => this.#open.delete(request),
    }).map(([name, act]) => {
      const listener = (message: unknown) => void act((message as { request: UndiciRequest }).request)
      return { channel: `undici:request:${name}`, listener }
    })
    for (const { channel, listener } of listeners) subscribe(channel, listener)
    t.after(() => {
      for (const { channel, listener } of listeners) unsubscribe(channel, listener)
    })
  }

  /**
   * Resolves when no request is open and what came with the last answers has been worked off. Rejects when one stays
   * open.
   */
  async settled(): Promise<void> {
    const sinceMs = performance.now()
    for (let calm = 0, seen = -1; calm < calmTurns;) {
      await settle()
      calm = this.#open.size === 0 && this.#started === seen ? calm + 1 : 0
      seen = this.#started
      if (performance.now() - sinceMs > longestRequestMs) throw new Error(`still open: ${this.#describeOpen()}`)
    }
  }

  /** Writes to this origin by clients whose user agent begins so, since `forgetWrites`. */
  writes(origin: string, userAgent = ''): SeenWrite[] {
    return this.#writes.filter((write) => write.origin === origin && write.userAgent.startsWith(userAgent))
  }

  forgetWrites(): void {
    this.#writes = []
  }

  #begin(request: UndiciRequest): void {
    if (headerOf(request, 'user-agent') === unwatchedAgent) return
    this.#open.add(request)
    this.#started += 1
    const { method, origin, path } = request
    if (method === 'GET' || method === 'HEAD') return
    this.#writes.push({ method, origin: String(origin), path, userAgent: headerOf(request, 'user-agent') })
  }

  #describeOpen(): string {
    return [...this.#open].map(({ method, path }) => `${method} ${path}`).join(', ')
  }
}

function isWatch({ path }: UndiciRequest): boolean {
  return path.includes('watch=true')
}

/** Names and values in turn. */
function headerOf({ headers }: UndiciRequest, name: string): string {
  const at = headers.findIndex((entry, index) => index % 2 === 0 && String(entry).toLowerCase() === name)
  return at === -1 ? '' : String(headers[at + 1])
}
