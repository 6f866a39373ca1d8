import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'

/** One side of a request, which is the `nth` of its label, counted from 1. */
export interface CrashPoint {
  label: string
  nth: number
  phase: 'before' | 'after'
}

interface CrashProxyOptions {
  /** Origin that requests go on to. */
  target: string
  /** CA of an https target. */
  ca?: string
  /** A label for requests that count as a point; undefined for all others, which just pass. */
  label: (method: string, path: string) => string | undefined
  /** Shared by the proxies of one process under test, so that points are numbered in the order they happen. */
  journal: CrashJournal
}

/** Counts the requests of a process under test and stops it dead at one of them. */
export class CrashJournal {
  readonly labels: string[] = []
  #armed: { point: CrashPoint; crash: () => Promise<void> } | undefined
  fired: string | undefined

  /** Counts from here on, and crashes at the point. */
  arm(point: CrashPoint, crash: () => Promise<void>): void {
    this.restart()
    this.#armed = { point, crash }
  }

  /** Counts from here on. */
  restart(): void {
    this.labels.length = 0
    this.fired = undefined
  }

  next(label: string): number {
    return this.labels.push(label) - 1
  }

  /** Crashes when this is the armed point; true then. */
  async reached(index: number, phase: CrashPoint['phase']): Promise<boolean> {
    const armed = this.#armed
    const label = this.labels[index]
    if (armed === undefined || armed.point.label !== label || armed.point.phase !== phase) return false
    if (this.#nthOf(index) !== armed.point.nth) return false
    this.#armed = undefined
    this.fired = `${phase} ${label}`
    await armed.crash()
    return true
  }

  /** Both sides of every request that was counted. */
  points(): CrashPoint[] {
    return this.labels.flatMap((label, index) => {
      const nth = this.#nthOf(index)
      return [
        { label, nth, phase: 'before' as const },
        { label, nth, phase: 'after' as const },
      ]
    })
  }

  #nthOf(index: number): number {
    return this.labels.slice(0, index + 1).filter((label) => label === this.labels[index]).length
  }
}

/**
 * A reverse proxy that can kill its client before a request reaches the server (the server never saw it), or after the
 * server answered and before the answer reaches the client (done, and nobody knows): the two sides of every step that a
 * crash can fall between.
 */
export async function startCrashProxy(
  options: CrashProxyOptions,
): Promise<{ url: string; close: () => Promise<void> }> {
  const target = new URL(options.target)
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing, target, options).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, close }
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, target: URL, options: CrashProxyOptions) {
  const { method = 'GET', url = '/' } = incoming
  const label = options.label(method, url)
  const index = label === undefined ? -1 : options.journal.next(label)
  const body = await readAll(incoming)
  if (index >= 0 && (await options.journal.reached(index, 'before'))) return outgoing.destroy()

  const send = target.protocol === 'https:' ? httpsRequest : httpRequest
  const forward = send(
    new URL(url, target),
    {
      method,
      headers: { ...incoming.headers, host: target.host },
      ...(options.ca !== undefined && { ca: options.ca }),
    },
    (answer) => {
      void relay(answer, outgoing, index, options)
    },
  )
  forward.on('error', () => outgoing.destroy())
  outgoing.on('close', () => forward.destroy())
  forward.end(body)
}

async function relay(answer: IncomingMessage, outgoing: ServerResponse, index: number, options: CrashProxyOptions) {
  if (index >= 0) {
    const body = await readAll(answer) // the server has finished: what it did is done
    if (await options.journal.reached(index, 'after')) return outgoing.destroy()
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    return outgoing.end(body)
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  outgoing.flushHeaders()
  answer.on('error', () => outgoing.destroy())
  return answer.pipe(outgoing)
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
