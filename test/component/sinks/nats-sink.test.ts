import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import { Webhook } from 'standardwebhooks'

import { systemClock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { createNatsSink, type NatsSinkOptions } from '../../../src/sinks/nats-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent, batchSucceeded } from '../../support/builders/an-event.ts'
import { anOutgoing, aSink, aStory } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { recordedLogger } from '../../support/doubles/recorded-logger.ts'

const never = new AbortController().signal
const template = 'gwh.events.ml.batches.{name}.{type}'
const subject = 'gwh.events.ml.batches.batch-events.batch_succeeded'

async function aServer(t: TestContext, configuration = ''): Promise<NatsServer> {
  const server = await NatsServer.start({ configuration })
  t.after(() => server.dispose())
  return server
}

/** Somebody else on the same server: a subscriber, an administrator of streams. */
async function anObserver(t: TestContext, server: NatsServer, options = {}): Promise<NatsConnection> {
  const connection = await connect({ servers: server.url, ...options })
  t.after(() => connection.close())
  return connection
}

async function aStream(t: TestContext, server: NatsServer, config: object = {}): Promise<JetStreamManager> {
  const manager = await jetstreamManager(await anObserver(t, server))
  await manager.streams.add({ name: 'EVENTS', subjects: ['gwh.events.>'], ...config })
  return manager
}

function aNatsSink(t: TestContext, urls: readonly string[], given: Partial<NatsSinkOptions> = {}) {
  const sink = createNatsSink({
    access: { urls },
    reservedPrefixes: ['gwh.inbox'],
    parseEnvelope,
    clock: systemClock,
    logger: recordedLogger('nats-sink'),
    ...given,
  })
  t.after(() => sink.close())
  return sink
}

function toNats(given: Partial<ResolvedSink> = {}, destination: { subject?: string; byServer?: true } = {}) {
  const { subject: text = template, byServer } = destination
  return aSink({
    destination: { type: 'nats', subject: text, acknowledgedBy: byServer === true ? 'Server' : 'Stream' },
    ...given,
    delivery: { ...aSink().delivery, timeoutMs: 2_000, ...given.delivery },
  })
}

const headersOf = (headers: MsgHdrs | undefined) =>
  Object.fromEntries((headers?.keys() ?? []).map((key) => [key, headers?.get(key) ?? '']))

const delivered: SendOutcome = { type: 'delivered' }
const retryable = (cause: string): SendOutcome => ({ type: 'retryable', cause })

function withBody(bytes: number, eventId: string) {
  const event = anEvent({ eventId, body: Buffer.alloc(bytes, ' ') })
  return anOutgoing({ sink: toNats({ format: 'Original' }), event })
}

void describe('the NATS sink, with a real server', { skip: withoutNatsServer }, () => {
  it('what a transform has made is the message, with the attributes of the event and its own headers', async (t) => {
    const server = await aServer(t)
    const manager = await aStream(t, server)
    const transform = { body: '1', contentType: 'text/plain', method: 'PUT', headers: { team: 'ml' } } as const
    const content = Buffer.from('Batch abc')
    const outgoing = anOutgoing({ sink: toNats({ transform }), content })
    assert.deepEqual(await aNatsSink(t, [server.url]).send(outgoing, never), delivered)
    const message = await manager.streams.getMessage('EVENTS', { seq: 1 })
    assert.equal(message?.string(), 'Batch abc')
    const headers = headersOf(message?.header)
    assert.deepEqual([headers['content-type'], headers['team'], headers['ce-id']], ['text/plain', 'ml', 'msg_1'])
  })

  it('an event is stored by the stream when it counts as delivered: the original bytes, its attributes in headers', async (t) => {
    const server = await aServer(t)
    const manager = await aStream(t, server)
    const sink = aNatsSink(t, [server.url])
    assert.deepEqual(await sink.send(anOutgoing({ sink: toNats(), attempt: 2 }), never), delivered)
    const stored = await manager.streams.getMessage('EVENTS', { seq: 1 })
    assert.equal(stored?.subject, subject)
    assert.equal(Buffer.from(stored.data).toString(), batchSucceeded)
    const { traceparent, ...headers } = headersOf(stored.header)
    assert.match(traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    assert.deepEqual(headers, {
      'ce-specversion': '1.0',
      'ce-id': 'msg_1',
      'ce-source': '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events',
      'ce-type': 'com.google.gemini.batch.succeeded',
      'ce-subject': 'batches/abc123',
      'ce-time': '2026-11-21T11:59:58Z',
      'ce-geminimode': 'static',
      'ce-deliveryattempt': '2',
      'ce-replayed': 'false',
      'content-type': 'application/json',
      'Nats-Msg-Id': 'uid-1/worker/msg_1',
    })
  })

  it('structured is one JSON object, and Original has what Google sent beside the bytes', async (t) => {
    const server = await aServer(t)
    const manager = await aStream(t, server)
    const sink = aNatsSink(t, [server.url])
    await sink.send(anOutgoing({ sink: toNats({ name: 'a', format: 'CloudEventStructured' }) }), never)
    await sink.send(anOutgoing({ sink: toNats({ name: 'b', format: 'Original' }) }), never)
    const [structured, original] = [
      await manager.streams.getMessage('EVENTS', { seq: 1 }),
      await manager.streams.getMessage('EVENTS', { seq: 2 }),
    ]
    assert.match(structured?.header.get('content-type') ?? '', /^application\/cloudevents\+json/)
    const event = structured?.json<{ id: string; type: string; data: unknown }>()
    assert.equal(event?.id, 'msg_1')
    assert.deepEqual(event.data, JSON.parse(batchSucceeded))
    assert.equal(original?.header.get('x-gemini-webhook-id'), 'msg_1')
    assert.equal(Buffer.from(original.data).toString(), batchSucceeded)
  })

  it('a signature of the sink verifies, and headers of its Secret travel along', async (t) => {
    const server = await aServer(t)
    const manager = await aStream(t, server)
    const signingSecret = `whsec_${Buffer.from('a secret of the sink, 32 bytes..').toString('base64')}`
    const sink = toNats({
      format: 'Original',
      signingSecret,
      headers: { 'x-team': 'search', 'Nats-Msg-Id': 'forged', 'nats-rollup': 'all' },
    })
    assert.deepEqual(await aNatsSink(t, [server.url]).send(anOutgoing({ sink }), never), delivered)
    const stored = await manager.streams.getMessage('EVENTS', { seq: 1 })
    const headers = headersOf(stored?.header)
    new Webhook(signingSecret).verify(Buffer.from(stored?.data ?? []).toString(), headers)
    assert.equal(headers['x-team'], 'search')
    assert.equal(headers['Nats-Msg-Id'], 'uid-1/worker/msg_1')
    assert.deepEqual(
      Object.keys(headers).filter((name) => /^nats-/i.test(name)),
      ['Nats-Msg-Id'],
    )
  })

  it('a repeated attempt is stored once; another sink, another object, a dead letter and a replay are not folded with it', async (t) => {
    const server = await aServer(t)
    const manager = await aStream(t, server)
    const sink = aNatsSink(t, [server.url])
    const count = async () => (await manager.streams.info('EVENTS')).state.messages
    for (const attempt of [1, 2, 3]) await sink.send(anOutgoing({ sink: toNats(), attempt }), never)
    assert.equal(await count(), 1)
    const others = [
      anOutgoing({ sink: toNats({ name: 'other' }) }),
      anOutgoing({
        sink: toNats(),
        event: anEvent({ owner: { uid: 'uid-2', namespace: 'ml', name: 'batch-events' } }),
      }),
      anOutgoing({ sink: toNats(), deadLetter: aStory() }),
      anOutgoing({ sink: toNats(), replayed: true }),
      anOutgoing({ sink: toNats(), replayed: true }),
    ]
    for (const delivery of others) assert.deepEqual(await sink.send(delivery, never), delivered)
    assert.equal(await count(), 1 + others.length)
  })

  it('where no stream takes the subject an event is not delivered, and where one is made later it is', async (t) => {
    const server = await aServer(t)
    const sink = aNatsSink(t, [server.url])
    assert.deepEqual(await sink.send(anOutgoing({ sink: toNats() }), never), retryable('noStream'))
    await aStream(t, server)
    assert.deepEqual(await sink.send(anOutgoing({ sink: toNats() }), never), delivered)
  })

  it('a subscriber who answers is no stream, and one who does not is waited for no longer than the timeout of the sink', async (t) => {
    const server = await aServer(t)
    const observer = await anObserver(t, server)
    let isAnswering = true
    observer.subscribe('gwh.events.>', {
      callback: (_error, message) => void (isAnswering && message.respond('thanks')),
    })
    await observer.flush()
    const sink = aNatsSink(t, [server.url])
    const impatient = toNats({ delivery: { ...aSink().delivery, timeoutMs: 100 } })
    assert.deepEqual(await sink.send(anOutgoing({ sink: impatient }), never), retryable('noStream'))
    isAnswering = false
    assert.deepEqual(await sink.send(anOutgoing({ sink: impatient }), never), retryable('timeout'))
  })

  it('acknowledged by the server, an event reaches whoever subscribes, and counts as delivered without anybody', async (t) => {
    const server = await aServer(t)
    const sink = aNatsSink(t, [server.url])
    const byServer = toNats({}, { byServer: true })
    assert.deepEqual(await sink.send(anOutgoing({ sink: byServer }), never), delivered)
    const observer = await anObserver(t, server)
    const got: Msg[] = []
    observer.subscribe('gwh.events.ml.>', { callback: (_error, message) => void got.push(message) })
    await observer.flush()
    assert.deepEqual(await sink.send(anOutgoing({ sink: byServer }), never), delivered)
    await eventually('the subscriber got it', () => got.length === 1, { intervalMs: 5 })
    assert.equal(got[0]?.subject, subject)
    assert.equal(got[0].headers?.get('ce-id'), 'msg_1')
  })

  it('a full stream is retried, an event that no stream of this size takes is not', async (t) => {
    const server = await aServer(t)
    const manager = await aStream(t, server, { max_msgs: 1, discard: 'new', max_msg_size: 4_096 })
    const sink = aNatsSink(t, [server.url])
    await sink.send(anOutgoing({ sink: toNats() }), never)
    const second = anOutgoing({ sink: toNats(), event: anEvent({ eventId: 'msg_2' }) })
    assert.deepEqual(await sink.send(second, never), retryable('refusedByStream'))
    await manager.streams.purge('EVENTS')
    assert.deepEqual(await sink.send(second, never), delivered)
    const large = anEvent({ eventId: 'msg_3', body: Buffer.alloc(8_192, ' ') })
    assert.deepEqual(await sink.send(anOutgoing({ sink: toNats(), event: large }), never), {
      type: 'permanent',
      cause: 'tooLarge',
    })
  })

  it('a message beyond the largest of the server is not sent, headers counted, and the connection lives on', async (t) => {
    const server = await aServer(t, 'max_payload: 4096')
    const manager = await aStream(t, server)
    const sink = aNatsSink(t, [server.url])
    assert.deepEqual(await sink.send(withBody(4_096, 'msg_1'), never), { type: 'permanent', cause: 'tooLarge' })
    // The largest that fits, found by trying: one byte more must be refused by us, since the server would close the
    // connection.
    const sizes = Array.from({ length: 400 }, (_, n) => 4_096 - n)
    let largest = 0
    for (const size of sizes) {
      const outcome = await sink.send(withBody(size, `msg_${size}`), never)
      if (outcome.type !== 'delivered') continue
      largest = size
      break
    }
    assert.ok(largest > 3_500 && largest < 4_000, `${largest}`)
    assert.equal((await manager.streams.info('EVENTS')).state.messages, 1)
  })

  it('a refusal is one also when thousands of other subjects are refused meanwhile', async (t) => {
    const permissions = { publish: { allow: ['gwh.events.ml.>'] } }
    const users = [{ user: 'sinks', password: 'unused', permissions }]
    const server = await aServer(t, `authorization { users: ${JSON.stringify(users)} }\nno_auth_user: sinks`)
    const sink = aNatsSink(t, [server.url])
    const send = (refused: string) =>
      sink.send(anOutgoing({ sink: toNats({}, { subject: refused, byServer: true }) }), never)
    assert.deepEqual(await send('gwh.events.other.x'), retryable('notPermitted'))
    await Promise.all(Array.from({ length: 999 }, (_, n) => send(`gwh.events.many.${n}`)))
    const [, outcome] = await Promise.all([send('gwh.events.many.last'), send('gwh.events.other.x')])
    assert.deepEqual(outcome, retryable('notPermitted'))
  })

  for (const byServer of [undefined, true] as const) {
    it(`a subject that the account may not publish to is retried (acknowledged by the ${byServer ? 'server' : 'stream'}), others are delivered`, async (t) => {
      const permissions = { publish: { allow: ['gwh.events.ml.>'] }, subscribe: { allow: ['_INBOX.>'] } }
      const users = [
        { user: 'sinks', password: 'unused', permissions },
        { user: 'observer', password: 'unused' },
      ]
      const server = await aServer(t, `authorization { users: ${JSON.stringify(users)} }\nno_auth_user: sinks`)
      const manager = await jetstreamManager(await anObserver(t, server, { user: 'observer', pass: 'unused' }))
      await manager.streams.add({ name: 'EVENTS', subjects: ['gwh.events.>'] })
      const sink = aNatsSink(t, [server.url])
      assert.deepEqual(
        await sink.send(
          anOutgoing({ sink: toNats({}, { subject: 'gwh.events.other.x', ...(byServer && { byServer }) }) }),
          never,
        ),
        retryable('notPermitted'),
      )
      assert.deepEqual(
        await sink.send(
          anOutgoing({ sink: toNats({}, { subject: 'gwh.events.ml.x', ...(byServer && { byServer }) }) }),
          never,
        ),
        delivered,
      )
    })
  }

  it('nothing is published below the subjects of the installation, of the server, or of nobody', async (t) => {
    const server = await aServer(t)
    const observer = await anObserver(t, server)
    const got: string[] = []
    observer.subscribe('>', { callback: (_error, message) => void got.push(message.subject) })
    await observer.flush()
    const sink = aNatsSink(t, [server.url])
    for (const text of [
      'gwh.inbox',
      'gwh.inbox.{type}',
      '$JS.API.STREAM.DELETE.GWH_INBOX',
      '$SYS.x',
      'gwh.*',
      '>',
      '',
    ]) {
      const outcome = await sink.send(anOutgoing({ sink: toNats({}, { subject: text, byServer: true }) }), never)
      assert.deepEqual(outcome, retryable('forbiddenSubject'), text)
    }
    await observer.flush()
    assert.deepEqual(got, [])
  })

  it('a server that is away costs an attempt and is found again, also after a crash', async (t) => {
    const server = await aServer(t)
    const url = server.url
    const manager = await aStream(t, server)
    await manager.streams.info('EVENTS')
    const sink = aNatsSink(t, [url])
    assert.deepEqual(await sink.send(anOutgoing({ sink: toNats() }), never), delivered)
    await server.kill()
    const second = anOutgoing({ sink: toNats(), event: anEvent({ eventId: 'msg_2' }) })
    await eventually('the connection is seen to be gone', async () => {
      const outcome = await sink.send(second, never)
      return outcome.type === 'retryable' && outcome.cause === 'connection'
    })
    await server.start()
    await eventually('the server is back', async () => (await sink.send(second, never)).type === 'delivered')
  })

  it('nobody listens at first: the first attempt fails in words, a later one connects', async (t) => {
    const server = await aServer(t)
    const url = server.url
    await server.kill()
    const sink = aNatsSink(t, [url])
    const delivery = anOutgoing({ sink: toNats({}, { byServer: true }) })
    assert.deepEqual(await sink.send(delivery, never), retryable('connection'))
    await server.start()
    assert.deepEqual(await sink.send(delivery, never), delivered)
  })

  it('an attempt is cut off when the process must end', async (t) => {
    const server = await aServer(t)
    const observer = await anObserver(t, server)
    observer.subscribe('gwh.events.>', { callback: () => {} })
    await observer.flush()
    const end = new AbortController()
    const sending = aNatsSink(t, [server.url]).send(anOutgoing({ sink: toNats() }), end.signal)
    end.abort()
    assert.deepEqual(await sending, retryable('cancelled'))
  })

  it('an installation without NATS servers for sinks holds such deliveries', async (t) => {
    const sink = createNatsSink({
      reservedPrefixes: [],
      parseEnvelope,
      clock: systemClock,
      logger: recordedLogger('nats-sink'),
    })
    t.after(() => sink.close())
    assert.deepEqual(await sink.send(anOutgoing({ sink: toNats() }), never), retryable('notConfigured'))
  })
})
