import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'

import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { ClaimedDelivery, Inbox } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'

const leaseMs = 60_000
const forTheWorker = new Map([['worker', leaseMs]])

void describe('deliveries that are claimed as their event is stored in JetStream', { skip: withoutNatsServer }, () => {
  let server: NatsServer
  let connection: NatsConnection
  let manager: JetStreamManager
  let streams = 0
  before(async () => {
    server = await NatsServer.start()
    connection = await connect({ servers: server.url })
    manager = await jetstreamManager(connection)
  })
  after(async () => {
    await connection.close()
    await server.dispose()
  })

  function anInstallation(t: TestContext) {
    const clock = new FakeClock()
    const stream = aStream(server.url, ++streams)
    const open = async (home: string): Promise<Inbox> => {
      const shared = { clock, logger: silentLogger, metrics: createMetrics() }
      const inbox = await openJetstreamInbox({ ...stream, ...shared, home })
      t.after(() => inbox.close())
      return inbox
    }
    const state = async () => (await manager.streams.info(stream.stream)).state
    return { clock, open, state }
  }

  it('an event takes two writes, from its storing to the memory of its id', async (t) => {
    const { open, state } = anInstallation(t)
    const a = await open('a')
    const event = anEvent()
    const claimed = await appendOne(a, event)
    assert.deepEqual({ ...claimed.event, body: Buffer.from(claimed.event.body) }, event)
    assert.deepEqual(await a.claimDue(10, leaseMs), [])
    assert.deepEqual((await a.pending({ limit: 10 })).pending[0]?.state, 'claimed')
    await a.record(claimed, { type: 'Succeed' })
    const { messages, last_seq: lastSeq } = await state()
    assert.deepEqual([messages, lastSeq], [1, 2])
    assert.equal((await a.stats()).events, 0)
    assert.deepEqual(await a.appendClaiming(event, forTheWorker), { result: 'duplicate', claimed: [] })
  })

  it('those without a lease are due, and an outcome goes on from there', async (t) => {
    const { open, clock } = anInstallation(t)
    const a = await open('a')
    const claimed = await appendOne(a, anEvent({ sinks: ['worker', 'other'] }))
    const due = await a.claimDue(10, leaseMs)
    assert.deepEqual(
      due.map(({ sink }) => sink),
      ['other'],
    )
    await a.record(claimed, { type: 'RetryAt', atMs: clock.now() + 1_000 })
    await clock.advance({ seconds: 1 })
    const [again] = await a.claimDue(10, leaseMs)
    assert.deepEqual([again?.sink, again?.attempts, again?.firstDueMs], ['worker', 1, claimed.firstDueMs])
  })

  it('what is due in the lane already goes before it', async (t) => {
    const { open } = anInstallation(t)
    const a = await open('a')
    await a.append(anEvent({ eventId: 'first' }))
    assert.deepEqual(await a.appendClaiming(anEvent({ eventId: 'second' }), forTheWorker), {
      result: 'stored',
      claimed: [],
    })
    const due = await a.claimDue(10, leaseMs)
    assert.deepEqual(
      due.map(({ event }) => event.eventId),
      ['first', 'second'],
    )
    assert.equal((await a.appendClaiming(anEvent({ eventId: 'third' }), forTheWorker)).claimed.length, 1)
  })

  it('others leave it to its receiver until the lease ends, and a late outcome changes nothing', async (t) => {
    const { open, clock } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    const lost = await appendOne(a, anEvent())
    await eventually('the other knows it', async () => (await b.stats()).pending === 1)
    await clock.advance({ ms: leaseMs - 1_000 })
    assert.deepEqual(await b.claimDue(10, leaseMs), [])
    await clock.advance({ seconds: 2 })
    const [taken] = await b.claimDue(10, leaseMs)
    assert.ok(taken)
    await eventually('the first hears of it', async () => {
      await a.record(lost, { type: 'RetryAt', atMs: clock.now() })
      return (await a.pending({ limit: 1 })).pending[0]?.state === 'claimed'
    })
    await b.record(taken, { type: 'RetryAt', atMs: clock.now() })
    assert.equal((await b.claimDue(10, leaseMs))[0]?.attempts, 1)
  })

  it('a receiver that comes back has it at once, and a claim by its storing counts as a crash', async (t) => {
    const { open, clock } = anInstallation(t)
    const first = await open('a')
    await appendOne(first, anEvent())
    await first.close()
    for (let life = 2; life <= 3; life += 1) {
      const next = await open('a')
      assert.equal((await next.claimDue(10, leaseMs)).length, 1, `life ${life}`)
      await next.close()
    }
    const last = await open('a')
    assert.deepEqual(await last.claimDue(10, leaseMs), [])
    const [letter] = (await last.deadLetters({ limit: 10 })).deadLetters
    assert.equal(letter?.reason, 'CrashedRepeatedly')
    await clock.advance({ seconds: 1 })
  })

  it('a lease that ends while its receiver lives is no crash', async (t) => {
    const { open, clock } = anInstallation(t)
    const a = await open('a')
    await appendOne(a, anEvent())
    await clock.advance({ ms: leaseMs + 1 })
    assert.equal((await a.claimDue(10, leaseMs)).length, 1)
    await a.close()
    const again = await open('a')
    assert.equal((await again.claimDue(10, leaseMs)).length, 1)
    await again.close()
    assert.equal((await (await open('a')).claimDue(10, leaseMs)).length, 1, 'two crashes, not three')
  })
})

async function appendOne(inbox: Inbox, event: ReturnType<typeof anEvent>): Promise<ClaimedDelivery> {
  const { result, claimed } = await inbox.appendClaiming(event, forTheWorker)
  assert.equal(result, 'stored')
  const [delivery] = claimed
  assert.ok(delivery)
  return delivery
}
