import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'

import { jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'

import { openJetstreamInbox, type JetstreamInboxOptions } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { ClaimedDelivery, Inbox } from '../../../src/inbox/port.ts'
import { silentLogger, type Logger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { fillUp } from '../../support/builders/fill-up.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'

const leaseMs = 60_000
/** Longer than what a receiver leaves to the one that stored an event. */
const takeOver = { seconds: 2 }

const keptBy = async (inbox: Inbox) => (await inbox.kept({ limit: 100 })).kept.map(({ eventId }) => eventId)

void describe('receivers that share an inbox in JetStream', { skip: withoutNatsServer }, () => {
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

  /** Receivers of one installation of the test's own: by name, on one clock. */
  function anInstallation(t: TestContext, changes: Partial<JetstreamInboxOptions> = {}) {
    const clock = new FakeClock()
    const stream = aStream(server.url, ++streams)
    const open = async (home: string, more: Partial<JetstreamInboxOptions> = {}): Promise<Inbox> => {
      const shared = { clock, logger: silentLogger, metrics: createMetrics() }
      const inbox = await openJetstreamInbox({ ...stream, ...shared, home, ...changes, ...more })
      t.after(() => inbox.close())
      return inbox
    }
    return { clock, open, ...stream }
  }

  it('an id that one receiver stored is a duplicate for all, at once', async (t) => {
    const { open } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? a : b).append(anEvent({ eventId: `msg_${n >> 1}` }))),
    )
    assert.equal(results.filter((result) => result === 'stored').length, 20)
    assert.equal(results.filter((result) => result === 'duplicate').length, 20)
  })

  it('of what succeeded only so much is kept as receivers have in mind anyway: the newest', async (t) => {
    const { clock, open } = anInstallation(t, { bounds: { maxBytes: 256 * 1024 * 1024, maxEvents: 50 } })
    const a = await open('a')
    for (let at = 0; at < 8; at += 1) {
      await a.append(anEvent({ eventId: `msg_${at}` }))
      const [claimed] = await a.claimDue(1, leaseMs)
      assert.ok(claimed)
      await a.record(claimed, { type: 'Succeed', keepUntilMs: clock.now() + 3_600_000 })
      await clock.advance({ ms: 1 })
    }
    const newest = ['msg_7', 'msg_6', 'msg_5', 'msg_4', 'msg_3']
    assert.deepEqual(await keptBy(a), newest)
    assert.deepEqual(await keptBy(await open('b')), newest)
  })

  it('each delivery is claimed once, however many receivers ask', async (t) => {
    const { open, clock } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    for (let n = 0; n < 30; n += 1) await a.append(anEvent({ eventId: `msg_${n}` }))
    await pendingAt(b, 30)
    await clock.advance(takeOver)
    const claims = (await Promise.all([a.claimDue(30, leaseMs), b.claimDue(30, leaseMs)])).flat()
    const ids = claims.map(({ event }) => event.eventId)
    assert.equal(ids.length, 30)
    assert.equal(new Set(ids).size, 30)
  })

  it('an event is left to the receiver that stored it for a moment; then another takes over', async (t) => {
    const { open, clock } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    await a.append(anEvent())
    await pendingAt(b, 1)
    assert.deepEqual(await b.claimDue(10, leaseMs), [])
    const dueMs = await b.nextDueMs()
    assert.ok(dueMs !== undefined && dueMs > clock.now(), 'it says when to ask again')
    await clock.advance({ ms: dueMs - clock.now() })
    assert.equal((await b.claimDue(10, leaseMs)).length, 1)
  })

  it('a receiver is told once that others left work, when it may take it', async (t) => {
    const { open, clock } = anInstallation(t)
    let told = 0
    const [a, b] = [await open('a'), await open('b', { onOthersWork: () => (told += 1) })]
    for (let n = 0; n < 5; n += 1) await a.append(anEvent({ eventId: `msg_${n}` }))
    await pendingAt(b, 5)
    assert.equal(told, 0)
    await clock.advance(takeOver)
    assert.equal(told, 1)
    assert.equal((await b.claimDue(10, leaseMs)).length, 5)
  })

  it('the claims of a receiver that is gone fall due elsewhere when the lease ends, and its late record changes nothing', async (t) => {
    const { open, clock } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    await a.append(anEvent())
    const lost = await claimOne(a)
    await pendingAt(b, 1)
    await clock.advance({ ms: leaseMs + 5_000 })
    const taken = await eventually('the other takes it', async () => (await b.claimDue(1, leaseMs))[0])
    await a.record(lost, { type: 'DeadLetter', reason: 'Rejected' })
    assert.deepEqual((await a.deadLetters({ limit: 10 })).deadLetters, [])
    await b.record(taken, { type: 'RetryAt', atMs: clock.now() })
    assert.equal((await claimOne(b)).attempts, 1)
  })

  it("the restart of one receiver does not touch another's claims", async (t) => {
    const { open, clock } = anInstallation(t)
    const a = await open('a')
    await a.append(anEvent())
    await claimOne(a)
    const b = await open('b')
    await clock.advance(takeOver)
    assert.deepEqual(await b.claimDue(10, leaseMs), [])
  })

  it('an event whose last two deliveries end at two receivers in the same moment leaves nothing but its id', async (t) => {
    const { open, clock, stream } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    for (let round = 0; round < 5; round += 1) {
      await a.append(anEvent({ eventId: `msg_${round}`, sinks: ['one', 'two'] }))
      const ours = await claimOne(a)
      await pendingAt(b, 2)
      await clock.advance(takeOver)
      const theirs = await eventually('the other sink', async () => (await b.claimDue(1, leaseMs))[0])
      await Promise.all([a.record(ours, { type: 'Succeed' }), b.record(theirs, { type: 'Succeed' })])
      await pendingAt(a, 0)
      await pendingAt(b, 0)
    }
    await eventually('only five ids are left', async () => (await manager.streams.info(stream)).state.messages === 5)
    assert.equal((await a.stats()).events, 0)
    assert.equal((await b.stats()).bodyBytes, 0)
  })

  it('an event whose deliveries were all ended by others, who each missed the last, is closed by whoever hears of it', async (t) => {
    const { open, stream, subjectPrefix } = anInstallation(t)
    const a = await open('a')
    await a.append(anEvent({ sinks: ['one', 'two'] }))
    for (const { deliveryId } of await a.claimDue(2, leaseMs)) {
      const subject = `${subjectPrefix}.delivery.${deliveryId.split('#')[0] ?? ''}`
      const claim = await manager.streams.getMessage(stream, { last_by_subj: subject })
      const {
        leaseMs: _lease,
        run: _run,
        ...record
      } = JSON.parse(claim?.header.get('Gwh-Record') ?? '{}') as object & {
        leaseMs?: number
        run?: string
      }
      const ended = headers()
      ended.set('Gwh-Record', JSON.stringify({ ...record, home: 'b', state: 'ended' }))
      await manager.jetstream().publish(subject, '', { headers: ended })
    }
    await eventually('only the id is left', async () => (await manager.streams.info(stream)).state.messages === 1)
    assert.equal((await a.stats()).events, 0)
    assert.equal(await a.append(anEvent({ sinks: ['one', 'two'] })), 'duplicate')
  })

  it('a dead letter of one receiver is listed and replayed at another', async (t) => {
    const { open } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    await a.append(anEvent())
    await a.record(await claimOne(a), { type: 'DeadLetter', reason: 'Rejected' })
    const letter = await eventually(
      'the letter arrives',
      async () => (await b.deadLetters({ limit: 1 })).deadLetters[0],
    )
    assert.equal(await b.replay(letter.deliveryId), true)
    assert.equal((await claimOne(b)).replayed, true)
    await eventually(
      'the first one hears of it',
      async () => (await a.deadLetters({ limit: 1 })).deadLetters.length === 0,
    )
    assert.equal(await a.replay(letter.deliveryId), false)
  })

  it('what a crash left beside an event that has ended is cleared away at the next start', async (t) => {
    const { open, stream, subjectPrefix } = anInstallation(t)
    const a = await open('a')
    await a.append(anEvent())
    const claimed = await claimOne(a)
    const [key = ''] = claimed.deliveryId.split('#')
    const claim = await manager.streams.getMessage(stream, { last_by_subj: `${subjectPrefix}.delivery.${key}` })
    assert.ok(claim)
    await a.record(claimed, { type: 'Succeed' })
    await eventually('the claim is gone', async () => (await manager.streams.info(stream)).state.messages === 1)
    await a.close()
    await manager.jetstream().publish(claim.subject, claim.data, { headers: claim.header })
    const again = await open('a')
    assert.deepEqual((await again.stats()).pending, 0)
    await eventually('the leftover is gone', async () => (await manager.streams.info(stream)).state.messages === 1)
    assert.equal(await again.append(anEvent()), 'duplicate')
  })

  it('a stream that is full refuses events as a full inbox and takes them again when deliveries have ended', async (t) => {
    const { open, clock } = anInstallation(t, { bounds: { maxBytes: 64 * 1024, ownerShare: 1 } })
    const a = await open('a')
    const body = Buffer.alloc(8 * 1024)
    const stored = await fillUp(a, body.length)
    assert.ok(stored >= 5, `${stored} fitted`)
    assert.equal(a.obstacle, 'Full')
    const known = anEvent({ body: Buffer.alloc(0), eventId: 'msg_0', owner: anOwner('o', 'n0') })
    assert.equal(await a.append(known), 'duplicate')
    for (const claimed of await a.claimDue(100, leaseMs)) await a.record(claimed, { type: 'Succeed' })
    await eventually('room is seen', async () => {
      await clock.advance({ seconds: 5 })
      return (await a.append(anEvent({ eventId: 'msg_more', body }))) === 'stored'
    })
  })

  it('ids are counted once by every receiver, whoever ended their events, and by one that starts later', async (t) => {
    const { open } = anInstallation(t)
    const [a, b] = [await open('a'), await open('b')]
    for (const eventId of ['1', '2']) await a.append(anEvent({ eventId }))
    await b.append(anEvent({ eventId: '3', sinks: [] }))
    for (const claimed of await a.claimDue(10, leaseMs)) await a.record(claimed, { type: 'Succeed' })
    await a.append(anEvent({ eventId: 'last' }))
    for (const inbox of [a, b, await open('c')]) {
      await eventually('the last is known', async () => (await inbox.stats()).byNamespace.get('ml')?.events === 1)
      assert.equal((await inbox.stats()).byNamespace.get('ml')?.rememberedIds, 4)
    }
  })

  it('what others publish below the subjects is told, counted and left alone', async (t) => {
    const errors: string[] = []
    const logger: Logger = { ...silentLogger, error: (_details: object, message: string) => void errors.push(message) }
    const { open, subjectPrefix, stream } = anInstallation(t, { logger })
    const a = await open('a')
    const strange = headers()
    strange.set('Gwh-Record', '{"format":1,"kind":"delivery"}')
    await manager.jetstream().publish(`${subjectPrefix}.event.ml.x.y`, 'not ours')
    await manager.jetstream().publish(`${subjectPrefix}.delivery.ml.x.y.z`, '', { headers: strange })
    await eventually('both are told', () => errors.length === 2)
    assert.deepEqual([...new Set(errors)], ['inbox.record_unreadable'])
    assert.equal(await a.append(anEvent()), 'stored')
    assert.equal((await manager.streams.info(stream)).state.messages, 3)
  })

  it('records of a newer version end the inbox instead of being misread', async (t) => {
    let ended = ''
    const { open, subjectPrefix } = anInstallation(t, { onEnded: (why) => (ended = why) })
    const a = await open('a')
    const newer = headers()
    newer.set('Gwh-Record', '{"format":99}')
    await manager.jetstream().publish(`${subjectPrefix}.event.ml.x.y`, '', { headers: newer })
    await eventually('it ends', () => /newer version/.test(ended))
    await assert.rejects(a.append(anEvent()), { code: 'ERR_INBOX_UNAVAILABLE' })
    await assert.rejects(open('b'), /a newer version of this program writes to its stream/)
  })

  it('a stream that was deleted and made again is noticed: nothing known about it is true any more', async (t) => {
    let ended = ''
    const { open, stream, clock } = anInstallation(t, { onEnded: (why) => (ended = why) })
    const a = await open('a')
    await a.append(anEvent())
    await manager.streams.delete(stream)
    await open('b')
    await eventually('it ends', async () => {
      await clock.advance({ seconds: 5 })
      return /deleted and made again/.test(ended)
    })
    await assert.rejects(a.stats(), { code: 'ERR_INBOX_UNAVAILABLE' })
  })

  it('a stream that was deleted ends the inbox, and the next start makes it again', async (t) => {
    let ended = ''
    const { open, stream, clock } = anInstallation(t, { onEnded: (why) => (ended = why) })
    const a = await open('a')
    await a.append(anEvent())
    await manager.streams.delete(stream)
    await assert.rejects(a.append(anEvent({ eventId: 'msg_2' })), { code: 'ERR_INBOX_UNAVAILABLE' })
    assert.equal(a.obstacle, 'WritesFail', 'at once')
    await eventually('it is missing', async () => {
      await clock.advance({ ms: 500 })
      return a.obstacle === 'StreamMissing' || ended !== ''
    })
    await eventually('it ends', async () => {
      await clock.advance({ ms: 500 })
      return ended
    })
    assert.match(ended, /its stream was deleted; start anew/)
    assert.equal(a.obstacle, 'Ended')
    const again = await open('a')
    assert.equal(again.obstacle, undefined)
    assert.equal(await again.append(anEvent()), 'stored')
  })

  it('a deleted stream is noticed without anybody sending', async (t) => {
    let ended = ''
    const { open, stream, clock } = anInstallation(t, { onEnded: (why) => (ended = why) })
    const a = await open('a')
    await manager.streams.delete(stream)
    await clock.advance({ seconds: 5 })
    await eventually('it is missing', () => a.obstacle === 'StreamMissing')
    await eventually('it ends', async () => {
      await clock.advance({ ms: 500 })
      return ended !== ''
    })
  })

  const byHand: [field: string, change: Partial<StreamConfig>, back: Partial<StreamConfig>][] = [
    ['subjects', { subjects: ['elsewhere.>'] }, {}],
    ['max_age', { max_age: 3_600_000_000_000 }, { max_age: 0 }],
    ['max_msg_size', { max_msg_size: 1_000 }, { max_msg_size: -1 }],
    ['no_ack', { no_ack: true }, { no_ack: false }],
  ]
  for (const [field, change, back] of byHand) {
    it(`a stream whose ${field} somebody changed takes no events, by name, until it is changed back`, async (t) => {
      const errors: object[] = []
      const logger: Logger = { ...silentLogger, error: (details: object) => void errors.push(details) }
      const { open, stream, clock, subjectPrefix } = anInstallation(t, { logger })
      const a = await open('a')
      await manager.streams.update(stream, change)
      await clock.advance({ seconds: 5 })
      await eventually('it is seen', () => a.obstacle === 'StreamUnfit')
      await assert.rejects(a.append(anEvent()), new RegExp(`${field}.*nats stream edit`))
      assert.ok(JSON.stringify(errors).includes(field))
      await manager.streams.update(stream, field === 'subjects' ? { subjects: [`${subjectPrefix}.>`] } : back)
      await eventually('it is seen', async () => {
        await clock.advance({ seconds: 5 })
        return a.obstacle === undefined
      })
      assert.equal(await a.append(anEvent()), 'stored')
    })
  }

  it('a stream that was made smaller or larger by hand counts with its new size', async (t) => {
    const { open, stream, clock } = anInstallation(t, { bounds: { maxBytes: 1024 * 1024, ownerShare: 1 } })
    const a = await open('a')
    const body = Buffer.alloc(100 * 1024)
    await manager.streams.update(stream, { max_bytes: 100 * 1024 })
    await eventually('there is no room for a large one', async () => {
      await clock.advance({ seconds: 5 })
      return (await a.append(anEvent({ body }))) === 'ownerFull'
    })
    // The server itself may have refused one before the change was seen.
    await eventually('others may send what is small', async () => {
      await clock.advance({ seconds: 5 })
      return a.obstacle === undefined
    })
    await fillUp(a, 16 * 1024)
    assert.equal(a.obstacle, 'Full')
    await manager.streams.update(stream, { max_bytes: 10 * 1024 * 1024 })
    await eventually('there is room', async () => {
      await clock.advance({ seconds: 5 })
      return a.obstacle === undefined
    })
    assert.equal(await a.append(anEvent({ body })), 'stored')
  })

  it('purging the stream and deleting its consumers by hand stop nothing', async (t) => {
    const { open, stream } = anInstallation(t)
    const a = await open('a')
    await a.append(anEvent())
    await manager.streams.purge(stream)
    for await (const consumer of manager.consumers.list(stream)) await manager.consumers.delete(stream, consumer.name)
    assert.equal(await a.append(anEvent({ eventId: 'msg_2' })), 'stored')
    await eventually('it is claimed', async () => {
      const claimed = await a.claimDue(10, leaseMs)
      return claimed.some(({ event }) => event.eventId === 'msg_2')
    })
    assert.equal(a.obstacle, undefined)
  })

  it('ids, names and sinks that are no subject tokens are kept apart all the same', async (t) => {
    const { open } = anInstallation(t)
    const a = await open('a')
    const ids = ['a.b', 'a b', 'a*', '>', 'ü', 'x'.repeat(256), `${'x'.repeat(255)}y`, '~', 'a']
    for (const eventId of ids) assert.equal(await a.append(anEvent({ eventId, sinks: ['s.1', 's 1'] })), 'stored')
    for (const eventId of ids) assert.equal(await a.append(anEvent({ eventId })), 'duplicate')
    assert.equal(await a.append(anEvent({ owner: anOwner('with.dot'), eventId: 'a' })), 'stored')
    const claimed = await a.claimDue(100, leaseMs)
    assert.deepEqual(new Set(claimed.map(({ event }) => event.eventId)), new Set(ids))
    assert.equal(claimed.length, 2 * ids.length + 1)
  })

  it('a stream that could not keep the promises is refused, each reason by its name', async (t) => {
    const { open, stream, subjectPrefix } = anInstallation(t)
    await manager.streams.add({ name: stream, subjects: [`${subjectPrefix}.>`], max_age: 3_600_000_000_000 })
    await assert.rejects(
      open('a'),
      /discard is old, must be new; max_msgs_per_subject is -1, must be 1; max_age is 3600000000000, must be 0; .*nats stream edit/,
    )
    await assert.rejects(anInstallation(t, { replicas: 3 }).open('a'), /replicas/)
  })

  it('a server that would refuse a large delivery is refused at the start', async (t) => {
    const { open } = anInstallation(t, { maxBodyBytes: 1024 * 1024 })
    await assert.rejects(open('a'), /takes messages of 1048576 bytes.*raise its max_payload or lower --max-body/)
  })
})

async function claimOne(inbox: Inbox): Promise<ClaimedDelivery> {
  const [claimed] = await inbox.claimDue(1, leaseMs)
  assert.ok(claimed, 'a delivery is due')
  return claimed
}

/** Waits for news from the stream. */
function pendingAt(inbox: Inbox, pending: number) {
  return eventually(`${pending} pending`, async () => (await inbox.stats()).pending === pending)
}
