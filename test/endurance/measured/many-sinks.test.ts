import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { Inbox } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { aSink } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { hanging, SinkDouble } from '../../support/doubles/sink-double.ts'

const objects = 125
const sinksPerObject = 16
const sinkCount = objects * sinksPerObject
/** Of each sink; all the sinks' first deliveries come before their second ones. */
const rounds = 2
/** Stored for the sink that hangs before anything else is: all of them are due first. */
const floodOfHanging = 500
const hangingKey = 'uid-of-object-7/sink-3'
/** How many attempts a sink gets that has not shown yet what it can take. */
const attemptsOfUnknown = 8
const settings = { clock: systemClock, logger: silentLogger }
const names = Array.from({ length: sinksPerObject }, (_, at) => `sink-${at}`)

interface Drained {
  /** Deliveries of all sinks but the one, in milliseconds from their storing to their sending. */
  latenciesMs: number[]
  /** Attempts for the one: all of them hang, so that those begun are those under way. */
  hangingAttempts: number
}

test('with 2,000 sinks, one of which hangs, all others get theirs: sqlite', { timeout: 240_000 }, async (t) => {
  const open = async (run: string) => {
    const folder = await mkdtemp(join(tmpdir(), `gwh-sinks-${run}-`))
    t.after(() => rm(folder, { recursive: true, force: true }))
    return openSqliteInbox({ ...settings, metrics: createMetrics(), path: join(folder, 'inbox.sqlite') })
  }
  await compareRuns(t, open)
})

test(
  'with 2,000 sinks, one of which hangs, all others get theirs: JetStream',
  { timeout: 240_000, skip: withoutNatsServer },
  async (t) => {
    const server = await NatsServer.start()
    t.after(() => server.dispose())
    let number = 0
    await compareRuns(t, () =>
      openJetstreamInbox({ ...settings, metrics: createMetrics(), ...aStream(server.url, (number += 1)) }),
    )
  },
)

/** The same with and without the flood for the one that hangs. */
async function compareRuns(t: TestContext, open: (run: string) => Promise<Inbox>): Promise<void> {
  const quiet = await drain(t, await open('quiet'), 0)
  const troubled = await drain(t, await open('troubled'), floodOfHanging)
  t.diagnostic(`stored to sent, nobody hangs: ${told(quiet)}; one hangs: ${told(troubled)}`)
  assert.equal(quiet.latenciesMs.length, (sinkCount - 1) * rounds)
  assert.equal(troubled.latenciesMs.length, (sinkCount - 1) * rounds, 'all others have got all of theirs')
  assert.equal(troubled.hangingAttempts, attemptsOfUnknown, 'who hangs holds what it may and nothing more')
}

const told = ({ latenciesMs }: Drained) => `p50 ${quantile(latenciesMs, 0.5)} ms, p99 ${quantile(latenciesMs, 0.99)} ms`

/** Stores everything while the dispatcher runs; resolves when all sinks but the one that hangs have got theirs. */
async function drain(t: TestContext, inbox: Inbox, flood: number): Promise<Drained> {
  const storedMs = new Map<string, number>()
  const latenciesMs: number[] = []
  let hangingAttempts = 0
  const sinks = new SinkDouble((delivery, signal) => {
    const { event, sink } = delivery
    if (`${event.owner.uid}/${sink.name}` === hangingKey) {
      hangingAttempts += 1
      return hanging(signal)
    }
    latenciesMs.push(performance.now() - (storedMs.get(event.eventId) ?? Number.NaN))
    return { type: 'delivered' }
  })
  const dispatcher = createDispatcher({
    inbox,
    sinks,
    resolveSink: (_uid, name) => aSink({ name }),
    judgeFilter: judgeHere(),
    ...settings,
    random: Math.random,
    metrics: createMetrics(),
    maxInFlight: 256,
  })
  t.after(() => inbox.close())
  const store = async (eventId: string, object: string, to: readonly string[]) => {
    storedMs.set(eventId, performance.now())
    const event = anEvent({ eventId, owner: anOwner(object), sinks: to, receivedAtMs: Date.now() })
    assert.equal(await dispatcher.append(event), 'stored')
  }
  await Promise.all(Array.from({ length: flood }, (_, at) => store(`flood_${at}`, 'object-7', ['sink-3'])))
  dispatcher.start()
  for (let round = 0; round < rounds; round += 1) {
    for (let object = 0; object < objects; object += 1) {
      const to = flood === 0 && object === 7 ? names.filter((name) => name !== 'sink-3') : names
      await store(`msg_${round}_${object}`, `object-${object}`, to)
    }
  }
  await eventually('all others have got theirs', () => latenciesMs.length >= (sinkCount - 1) * rounds, {
    timeoutMs: 90_000,
  })
  await dispatcher.drain(0)
  return { latenciesMs, hangingAttempts }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? Number.NaN) * 10) / 10
}
