import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { eventually } from '../../measures/eventually.ts'
import { aTenant, anEventBody, type Tenant } from './a-tenant.ts'
import { post } from './post.ts'

/** A hundred a second: enough for a p99 within seconds, little for any machine. */
const betweenDeliveriesMs = 10

export interface Times {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What the victim saw of its own traffic. Times in milliseconds. */
export interface Seen {
  readonly sent: number
  /** Answers that were not 204, by status; 0: no answer. */
  readonly refused: ReadonlyMap<number, number>
  readonly answer: Times
  /** From sending to the sink. */
  readonly delivery: Times
}

/** An object of a namespace of its own, with steady traffic and a sink that is well. */
export class Victim {
  readonly tenant: Tenant
  readonly #arrivedMs = new Map<string, number>()

  private constructor(sinkPort: number) {
    this.tenant = aTenant('victim', 'steady', [{ name: 'worker', url: `http://127.0.0.1:${sinkPort}/` }])
  }

  static async start(t: TestContext): Promise<Victim> {
    const server = createServer((incoming, response) => {
      const id = String(incoming.headers['ce-id'])
      incoming.resume().once('end', () => {
        if (!victim.#arrivedMs.has(id)) victim.#arrivedMs.set(id, performance.now())
        response.writeHead(204).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const victim = new Victim((server.address() as AddressInfo).port)
    return victim
  }

  /**
   * Sends steadily, whether answers come or not; resolves when all are answered and what was taken has arrived.
   * `fresh`: a connection for each.
   */
  async sendFor(durationMs: number, port: number, { fresh = false } = {}): Promise<Seen> {
    const agent = new Agent(fresh ? {} : { keepAlive: true })
    const sentMs = new Map<string, number>()
    const refused = new Map<number, number>()
    const answersMs: number[] = []
    const open: Promise<void>[] = []
    const to = { port, path: this.tenant.path, agent }
    for (const endMs = performance.now() + durationMs; performance.now() < endMs;) {
      const delivery = this.tenant.sign(anEventBody())
      const atMs = performance.now()
      const answered = post(to, delivery).then(({ status, ms }) => {
        answersMs.push(ms)
        if (status === 204) sentMs.set(delivery.id, atMs)
        else refused.set(status, (refused.get(status) ?? 0) + 1)
      })
      open.push(answered)
      await pause(betweenDeliveriesMs)
    }
    await Promise.all(open)
    agent.destroy()
    const isHere = (id: string) => this.#arrivedMs.has(id)
    await eventually('what the victim was told is kept has arrived', () => sentMs.keys().every(isHere), {
      timeoutMs: 60_000,
    })
    const deliveriesMs = [...sentMs].map(([id, atMs]) => (this.#arrivedMs.get(id) ?? Infinity) - atMs)
    return { sent: open.length, refused, answer: timesOf(answersMs), delivery: timesOf(deliveriesMs) }
  }
}

function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number) => Math.round((sorted.at(index) ?? Number.NaN) * 10) / 10
  return { p50: at(Math.floor(sorted.length * 0.5)), p99: at(Math.floor(sorted.length * 0.99)), max: at(-1) }
}
