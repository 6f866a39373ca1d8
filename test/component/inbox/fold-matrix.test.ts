import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { backfillEventId, canonicalJobId, terminalBatchTypes } from '../../../src/gemini/batch-job.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { ClaimedDelivery, Inbox } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const seed = Number(process.env['GWH_SEED'] ?? Date.now() % 1_000_000)
const draws = Number(process.env['GWH_RUNS'] ?? 500)
/** Longer than all restarts of one batch take together. */
const foldJobsForSeconds = 80 * 3_600
const leaseMs = 60_000
/** Longer than what a receiver leaves to the one that stored an event. */
const takeOverMs = 2_000
const bounds = { maxBytes: 256 * 1024 * 1024 }

/** Opens all inboxes of an installation on what is there: one of SQLite, or several that share a stream. */
type OpenAll = (clock: FakeClock) => Promise<Inbox[]>

class Chance {
  readonly #random: () => number

  constructor(from: number) {
    this.#random = mulberry32(from)
  }

  below(count: number): number {
    return Math.floor(this.#random() * count)
  }

  isOneOf(count: number): boolean {
    return this.below(count) === 0
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
}

/** Receivers with real inboxes, and the worker that they hand on to. */
class Installation {
  readonly clock = new FakeClock()
  /** Event ids by job and type, as the worker got them. */
  readonly got = new Map<string, string[]>()
  readonly #openAll: OpenAll
  readonly #chance: Chance
  readonly #entry = aKeyringEntry({ foldJobsForSeconds })
  #inboxes: Inbox[] = []
  #receivers: ReturnType<typeof aReceiver>['receiver'][] = []
  #claimed: { inbox: Inbox; delivery: ClaimedDelivery }[] = []

  constructor(openAll: OpenAll, chance: Chance) {
    this.#openAll = openAll
    this.#chance = chance
  }

  async open(): Promise<void> {
    this.#inboxes = await this.#openAll(this.clock)
    this.#receivers = this.#inboxes.map((inbox) => {
      const append: Inbox['append'] = async (event) => {
        if (this.#chance.isOneOf(2)) return inbox.append(event)
        const { result, claimed } = await inbox.appendClaiming(event, new Map([['worker', leaseMs]]))
        this.#claimed.push(...claimed.map((delivery) => ({ inbox, delivery })))
        return result
      }
      return aReceiver({ directory: directoryOf(this.#entry), inbox: { append }, clock: this.clock }).receiver
    })
  }

  async close(): Promise<void> {
    this.#claimed = []
    await Promise.all(this.#inboxes.map((inbox) => inbox.close()))
  }

  /** Hours pass while nothing is open. */
  async restart(): Promise<void> {
    await this.close()
    await this.clock.advance({ ms: leaseMs + this.#chance.below(26 * 3_600_000) })
    await this.open()
  }

  /** What the answer said of a delivery of the backfill. */
  async send(given: { id: string; type: string; dataId: string }): Promise<unknown> {
    const { id, type, dataId } = given
    const body = JSON.stringify({ type, version: 'v1', data: { id: dataId } })
    const timestampSeconds = Math.floor(this.clock.now() / 1000)
    const headers = signedHeaders({ id, timestampSeconds, body, secrets: this.#entry.secrets })
    const receiver = this.#chance.pick(this.#receivers)
    const answer = await receiver.inject({ method: 'POST', url: '/v1/s/ml/batch-events', headers, payload: body })
    assert.equal(answer.statusCode, 204)
    return answer.headers['gwh-outcome']
  }

  /** One round of the worker: all that its receivers may take now. */
  async work(): Promise<void> {
    for (const { inbox, delivery } of this.#claimed.splice(0)) await this.#take(inbox, delivery)
    for (const inbox of this.#inboxes) {
      for (const delivery of await inbox.claimDue(100, leaseMs)) await this.#take(inbox, delivery)
    }
  }

  async workOff(): Promise<void> {
    await eventually('all is handed on', async () => {
      await this.clock.advance({ ms: takeOverMs })
      await this.work()
      const stats = await Promise.all(this.#inboxes.map((inbox) => inbox.stats()))
      return stats.every(({ pending }) => pending === 0)
    })
  }

  async #take(inbox: Inbox, delivery: ClaimedDelivery): Promise<void> {
    const { type, dataId = '' } = parseEnvelope(delivery.event.body)
    const end = `${type} ${canonicalJobId(dataId)}`
    this.got.set(end, [...(this.got.get(end) ?? []), delivery.event.eventId])
    await inbox.record(delivery, { type: 'Succeed' })
  }
}

const jobForms = [(n: number) => `${n}`, (n: number) => `job.${n}/part_1`, (n: number) => `${'x'.repeat(300)}${n}`]
const orders = ['before', 'during', 'after'] as const

interface Ended {
  readonly end: string
  /** What the backfill was told, in the order of its deliveries. */
  readonly told: readonly unknown[]
  readonly order: (typeof orders)[number]
}

/** One batch ends: Google's deliveries before, during or after those of the backfill, each once or twice. */
async function endBatch(number: number, installation: Installation, chance: Chance): Promise<Ended> {
  const job = chance.pick(jobForms)(number)
  const type = chance.pick(terminalBatchTypes)
  const order = chance.pick(orders)
  const between = async () => {
    const step = chance.below(6)
    if (step === 0) await installation.restart()
    else if (step < 3) await installation.work()
  }
  const told: unknown[] = []
  const named = () => (chance.isOneOf(2) ? job : `batches/${job}`)
  const google = async () => {
    assert.equal(await installation.send({ id: `msg_${number}`, type, dataId: named() }), undefined)
  }
  const backfill = async () => {
    told.push(await installation.send({ id: backfillEventId(named(), type), type, dataId: `batches/${job}` }))
  }
  const once = { google: [google], backfill: [backfill] }
  const twice = { google: [google, google], backfill: [backfill, backfill] }
  const ofGoogle = chance.pick([once, twice]).google
  const ofBackfill = chance.pick([once, twice]).backfill
  if (order === 'during') {
    await Promise.all([...ofGoogle, ...ofBackfill].map((send) => send()))
    await between()
  } else {
    const sends = order === 'before' ? [...ofGoogle, ...ofBackfill] : [...ofBackfill, ...ofGoogle]
    for (const send of sends) {
      await send()
      await between()
    }
  }
  return { end: `${type} ${job}`, told, order }
}

async function runMatrix(t: TestContext, openAll: OpenAll): Promise<void> {
  const chance = new Chance(seed)
  const installation = new Installation(openAll, chance)
  await installation.open()
  const ended: Ended[] = []
  try {
    for (let number = 0; number < draws; number += 1) ended.push(await endBatch(number, installation, chance))
    await installation.workOff()
  } finally {
    await installation.close()
  }
  const seen = { before: 0, during: 0, after: 0 }
  for (const { end, told, order } of ended) {
    seen[order] += 1
    const got = installation.got.get(end) ?? []
    assert.equal(got.length, 1, `${end}, Google's ${order}: the worker got ${got.join(', ') || 'nothing'}`)
    const isByBackfill = got[0]?.startsWith('backfill_')
    const stored = told.filter((each) => each === 'stored').length
    assert.equal(stored, isByBackfill ? 1 : 0, `${end}: the backfill was told ${told.join(', ')}`)
    if (order !== 'during') assert.equal(isByBackfill, order === 'after', end)
  }
  assert.equal(installation.got.size, draws)
  t.diagnostic(`${draws} batches, of Google's deliveries ${JSON.stringify(seen)}`)
}

const title = `the worker gets one event for each of ${draws} batches, whatever comes first, twice or after a restart`

test(`sqlite: ${title} (GWH_SEED=${seed})`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-fold-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'inbox.sqlite')
  await runMatrix(t, async (clock) => [
    await openSqliteInbox({ path, clock, logger: silentLogger, metrics: createMetrics(), bounds }),
  ])
})

test(`jetstream: ${title} (GWH_SEED=${seed})`, { skip: withoutNatsServer }, async (t) => {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  await runMatrix(t, (clock) => {
    const shared = { ...aStream(server.url), clock, logger: silentLogger, bounds }
    const homes = ['receiver-0', 'receiver-1']
    return Promise.all(homes.map((home) => openJetstreamInbox({ ...shared, home, metrics: createMetrics() })))
  })
})
