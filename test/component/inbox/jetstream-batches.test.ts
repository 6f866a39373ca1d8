import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'

import { DiscardPolicy, jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect, headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'

import { openJetstreamInbox, type JetstreamInboxOptions } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { AppendResult, Inbox } from '../../../src/inbox/port.ts'
import { silentLogger, type Logger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'

const leaseMs = 60_000
const count = 100
const description = 'Inbox of gemini-webhook-operator: events that were acknowledged, and how far their delivery is.'

void describe('atomic batches of a JetStream inbox', { skip: withoutNatsServer }, () => {
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

  function anInstallation(t: TestContext, changes: Partial<JetstreamInboxOptions> = {}) {
    const clock = new FakeClock()
    const warnings: { event: string; why?: string }[] = []
    const warn = (details: object, event: string) => void warnings.push({ event, ...details })
    const logger: Logger = { ...silentLogger, warn }
    const stream = { ...aStream(server.url, ++streams), ...changes }
    const open = async (home: string): Promise<Inbox> => {
      const inbox = await openJetstreamInbox({ ...stream, clock, logger, metrics: createMetrics(), home })
      t.after(() => inbox.close())
      return inbox
    }
    /** As the version before made it, before a receiver looks at it. */
    const makeStream = (config: Partial<StreamConfig>) =>
      manager.streams.add({
        name: stream.stream,
        subjects: [`${stream.subjectPrefix}.>`],
        discard: DiscardPolicy.New,
        max_msgs_per_subject: 1,
        allow_direct: true,
        allow_msg_ttl: true,
        max_bytes: 256 * 1024 * 1024,
        ...config,
      })
    const oneByOne = () => warnings.filter(({ event }) => event === 'inbox.writes_one_by_one')
    /** How many messages of the stream each batch has left there; one by one they have none. */
    const batchSizes = async (): Promise<number[]> => {
      const sizes = new Map<string, number>()
      const { state } = await manager.streams.info(stream.stream)
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const message = await manager.streams.getMessage(stream.stream, { seq }).catch(() => null)
        const id = message?.header.get('Nats-Batch-Id') ?? ''
        if (id !== '') sizes.set(id, (sizes.get(id) ?? 0) + 1)
      }
      return [...sizes.values()]
    }
    return { ...stream, clock, open, makeStream, oneByOne, batchSizes }
  }

  it('events, claims and outcomes of one moment travel together, from the first to the last write', async (t) => {
    const { open, batchSizes, stream, oneByOne } = anInstallation(t)
    const a = await open('a')
    assert.deepEqual(new Set(await appendAll(a, ids('msg_'))), new Set(['stored']))
    assert.deepEqual(await batchSizes(), [count])
    const claimed = await a.claimDue(count, leaseMs)
    assert.equal(claimed.length, count)
    assert.deepEqual(await batchSizes(), [count, count])
    await Promise.all(claimed.map((delivery) => a.record(delivery, { type: 'Succeed' })))
    await eventually('only ids are left', async () => (await manager.streams.info(stream)).state.messages === count)
    assert.deepEqual(await batchSizes(), [count])
    assert.deepEqual(await appendAll(a, ids('msg_')), Array.from({ length: count }).fill('duplicate'))
    assert.deepEqual(oneByOne(), [])
  })

  it('among many new ones each repetition is a duplicate, and no other', async (t) => {
    const { open } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    const known = ids('msg_').filter((_, at) => at % 9 === 0)
    // Without sinks an event is the memory of an id at once, which no receiver lists.
    assert.deepEqual(new Set(await appendAll(a, known, [])), new Set(['stored']))
    const results = await appendAll(b, ids('msg_'))
    for (const [at, result] of results.entries()) assert.equal(result, at % 9 === 0 ? 'duplicate' : 'stored', `${at}`)
    assert.equal((await b.claimDue(2 * count, leaseMs)).length, count - known.length)
  })

  it('receivers that store the same ids in the same moment store each once, and deliver it once', async (t) => {
    const { open, clock } = anInstallation(t)
    const receivers = [await open('a'), await open('b'), await open('c')]
    const results = (await Promise.all(receivers.map((inbox) => appendAll(inbox, ids('msg_'))))).flat()
    assert.equal(results.filter((result) => result === 'stored').length, count)
    assert.equal(results.filter((result) => result === 'duplicate').length, 2 * count)
    for (const inbox of receivers) {
      await eventually('it knows all', async () => (await inbox.stats()).pending === count)
    }
    await clock.advance({ seconds: 2 })
    const claims = (await Promise.all(receivers.map((inbox) => inbox.claimDue(count, leaseMs)))).flat()
    const claimed = claims.map(({ event }) => event.eventId)
    assert.equal(new Set(claimed).size, claimed.length, 'none twice')
    const rest = await eventually('the others are claimed', async () => {
      await clock.advance({ seconds: 1 })
      for (const inbox of receivers) {
        for (const { event } of await inbox.claimDue(count, leaseMs)) claimed.push(event.eventId)
      }
      return claimed.length >= count && claimed
    })
    assert.deepEqual(new Set(rest), new Set(ids('msg_')))
    assert.equal(rest.length, count)
  })

  it('a batch for which the stream has no room leaves nothing behind, and what fits is stored', async (t) => {
    const { open, makeStream, stream } = anInstallation(t, { bounds: { maxBytes: 1024 * 1024, ownerShare: 1 } })
    await makeStream({ allow_atomic: true, max_bytes: 40 * 1024 })
    const a = await open('a')
    const body = Buffer.alloc(1024)
    const results = await Promise.all(ids('msg_').map((eventId) => a.append(anEvent({ eventId, body }))))
    const stored = results.filter((result) => result === 'stored').length
    assert.ok(stored > 0 && stored < count, `${stored} stored`)
    assert.equal((await manager.streams.info(stream)).state.messages, stored)
  })

  it('the stream of the version before is read as it is, and takes batches from then on', async (t) => {
    const { open, makeStream, subjectPrefix, stream, oneByOne, batchSizes } = anInstallation(t)
    await makeStream({ description })
    const { body, sinks: _sinks, ...event } = anEvent({ eventId: 'open' })
    const stored = { ...event, sinks: ['one', 'two', 'three'], bodyBytes: body.length, storedAtMs: 0, home: 'a' }
    const counts = { sink: 'two', attempts: 4, unrecorded: 0, firstDueMs: 0, replayed: false, home: 'a' }
    const client = manager.jetstream()
    await client.publish(`${subjectPrefix}.event.ml.batch-events.open`, body, ofKind({ kind: 'event', ...stored }))
    const waiting = { kind: 'delivery', state: 'waiting', dueMs: 0, ...counts }
    await client.publish(`${subjectPrefix}.delivery.ml.batch-events.open.two`, '', ofKind(waiting))
    const dead = { kind: 'delivery', state: 'dead', ...counts, sink: 'three', reason: 'Rejected', endedAtMs: 1 }
    await client.publish(`${subjectPrefix}.delivery.ml.batch-events.open.three`, '', ofKind(dead))
    const closed = { kind: 'closed', forgetAtMs: Date.parse('2099-01-01') }
    await client.publish(`${subjectPrefix}.event.ml.batch-events.done`, '', ofKind(closed))
    const a = await open('a')
    assert.equal((await manager.streams.info(stream)).config.allow_atomic, true)
    assert.deepEqual(oneByOne(), [])
    assert.equal(await a.append(anEvent({ eventId: 'done' })), 'duplicate')
    const claimed = await a.claimDue(10, leaseMs)
    assert.deepEqual(claimed.map(({ sink, attempts, event }) => `${sink} ${attempts} ${event.eventId}`).sort(), [
      'one 0 open',
      'two 4 open',
    ])
    assert.deepEqual(Buffer.from(claimed[0]?.event.body ?? []), Buffer.from(body))
    const [letter] = (await a.deadLetters({ limit: 10 })).deadLetters
    assert.deepEqual([letter?.sink, letter?.reason, letter?.attempts], ['three', 'Rejected', 4])
    assert.equal(letter?.lastCause, undefined)
    assert.equal(await a.replay(letter?.deliveryId ?? ''), true)
    assert.deepEqual(
      (await a.claimDue(10, leaseMs)).map(({ sink, attempts }) => [sink, attempts]),
      [['three', 0]],
    )
    await appendAll(a, ids('msg_'))
    assert.deepEqual(await batchSizes(), [count])
  })

  it("somebody else's stream without batches is left as it is: every write goes by itself, and the log says so", async (t) => {
    const { open, makeStream, stream, oneByOne, batchSizes } = anInstallation(t)
    await makeStream({ description: 'of the platform team' })
    const a = await open('a')
    assert.equal((await manager.streams.info(stream)).config.allow_atomic ?? false, false)
    assert.match(oneByOne()[0]?.why ?? '', /set allow_atomic/)
    await appendAll(a, ids('msg_').slice(0, 10), [])
    const results = await appendAll(a, ids('msg_'))
    for (const [at, result] of results.entries()) assert.equal(result, at < 10 ? 'duplicate' : 'stored')
    for (const claimed of await a.claimDue(count, leaseMs)) await a.record(claimed, { type: 'Succeed' })
    await eventually('only ids are left', async () => (await manager.streams.info(stream)).state.messages === count)
    assert.deepEqual(await batchSizes(), [])
    assert.equal(oneByOne().length, 1)
  })

  it('a stream that stops taking batches while it is used is written to one by one, until it takes them again', async (t) => {
    const { open, stream, clock, oneByOne, batchSizes } = anInstallation(t)
    const a = await open('a')
    await manager.streams.update(stream, { allow_atomic: false })
    assert.deepEqual(new Set(await appendAll(a, ids('early'))), new Set(['stored']), 'before anybody has looked')
    await eventually('it is told', async () => {
      await clock.advance({ seconds: 5 })
      return oneByOne().length === 1
    })
    assert.deepEqual(new Set(await appendAll(a, ids('late'))), new Set(['stored']))
    assert.deepEqual(await batchSizes(), [])
    await manager.streams.update(stream, { allow_atomic: true })
    await eventually('batches again', async () => {
      await clock.advance({ seconds: 5 })
      await appendAll(a, ids(`again${clock.now()}`))
      return (await batchSizes()).length > 0
    })
    assert.equal(oneByOne().length, 1)
  })
})

function appendAll(inbox: Inbox, ids: readonly string[], sinks = ['worker']): Promise<AppendResult[]> {
  return Promise.all(ids.map((eventId) => inbox.append(anEvent({ eventId, sinks }))))
}

function ids(prefix: string): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`)
}

/** A message's headers, as every version writes them. */
function ofKind(record: object): { headers: MsgHdrs } {
  const written = headers()
  written.set('Gwh-Record', JSON.stringify({ format: 1, ...record }))
  return { headers: written }
}
