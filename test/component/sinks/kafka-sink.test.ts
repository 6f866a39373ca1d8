import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'

import { systemClock } from '../../../src/clock.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import type { KafkaAccess } from '../../../src/kafka/kafka-access.ts'
import { createKafkaSink } from '../../../src/sinks/kafka-sink.ts'
import type { SendOutcome, Sink } from '../../../src/sinks/port.ts'
import { anEvent, batchSucceeded } from '../../support/builders/an-event.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'
import { recordedLogger } from '../../support/doubles/recorded-logger.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { readTopics } from '../../support/measures/kafka-reader.ts'
import { recordSecret } from '../../support/measures/run-record.ts'
import { KafkaServer, withoutKafka } from '../../support/processes/kafka-server.ts'

const never = new AbortController().signal
const delivered: SendOutcome = { type: 'delivered' }
const unauthorized: SendOutcome = { type: 'unauthorized' }
const retryable = (cause: string): SendOutcome => ({ type: 'retryable', cause })
const login = { user: 'gwh', password: 'a-password-of-the-sink' }
const otherPassword = 'another-password'
recordSecret(login.password)
recordSecret(otherPassword)

/** Each test has topics of its own in the one broker. */
let topics = 0
const aTopic = () => `gwh.events.ml.t${(topics += 1)}`

function toKafka(topic: string, given: Partial<ResolvedSink> = {}, key?: string): ResolvedSink {
  const destination = { type: 'kafka', topic, ...(key !== undefined && { key }) } as const
  return aSink({ destination, ...given, delivery: { ...aSink().delivery, timeoutMs: 30_000, ...given.delivery } })
}

function aKafkaSink(t: TestContext, access: KafkaAccess): Sink {
  const sink = createKafkaSink({ access, parseEnvelope, clock: systemClock, logger: recordedLogger('kafka-sink') })
  t.after(() => sink.close())
  return sink
}

/** A topic that was made just now has no leader yet, and the first attempts say so. */
async function deliver(sink: Sink, delivery: Parameters<Sink['send']>[0]): Promise<void> {
  let last: SendOutcome | undefined
  await eventually('it is delivered', async () => {
    last = await sink.send(delivery, never)
    return last.type === 'delivered'
  }).catch((cause: unknown) => {
    throw new Error(JSON.stringify(last), { cause })
  })
}

void describe('the Kafka sink, with a real broker', { skip: withoutKafka }, () => {
  let server: KafkaServer
  let folder: string
  const fileOf = async (name: string, content: string) => {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gwh-kafka-files-'))
    server = await KafkaServer.start({ login, configuration: ['message.max.bytes=1048588'] })
    await server.allowWriting('gwh.events.')
  })
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  it('an event is in its topic when it counts as delivered: the original bytes, its attributes in headers, its key', async (t) => {
    const topic = aTopic()
    const sink = aKafkaSink(t, { brokers: [server.open] })
    const template = `${topic}.{type}`
    await deliver(sink, anOutgoing({ sink: toKafka(template, {}, '{subject}'), attempt: 2 }))
    const read = await readTopics(server.open, [`${topic}.batch_succeeded`], t)
    const [record] = await eventually('it is read', () => read.length > 0 && read)
    assert.equal(record?.value, batchSucceeded)
    assert.equal(record.key, 'batches/abc123')
    assert.deepEqual(
      [record.headers['ce_id'], record.headers['ce_subject'], record.headers['content-type']],
      ['msg_1', 'batches/abc123', 'application/json'],
    )
  })

  it('structured is one JSON object, and Original has what Google sent; a signature of the sink verifies', async (t) => {
    const topic = aTopic()
    const sink = aKafkaSink(t, { brokers: [server.open] })
    const signingSecret = `whsec_${Buffer.from('a secret of the sink, 32 bytes..').toString('base64')}`
    for (const given of [
      { format: 'CloudEventStructured' },
      { format: 'Original' },
      { format: 'Original', signingSecret },
    ] as const) {
      await deliver(sink, anOutgoing({ sink: toKafka(topic, given) }))
    }
    const read = await readTopics(server.open, [topic], t)
    await eventually('all are read', () => read.length >= 3)
    const structured = read.find(({ headers }) => headers['content-type']?.startsWith('application/cloudevents+json'))
    assert.deepEqual((JSON.parse(structured?.value ?? '{}') as { data: unknown }).data, JSON.parse(batchSucceeded))
    const original = read.find(({ headers }) => headers['x-gemini-webhook-id'] === 'msg_1')
    assert.equal(original?.value, batchSucceeded)
    const signed = read.find(({ headers }) => headers['webhook-signature'] !== undefined)
    new Webhook(signingSecret).verify(signed?.value ?? '', { ...signed?.headers })
  })

  it('many events go in batches, those with one key into one partition and in their order, the others into all', async (t) => {
    const [keyed, spread] = [aTopic(), aTopic()]
    const sink = aKafkaSink(t, { brokers: [server.open] })
    const events = Array.from({ length: 300 }, (_, n) => anEvent({ eventId: `msg_${n}` }))
    await deliver(sink, anOutgoing({ sink: toKafka(keyed, {}, '{subject}') }))
    await deliver(sink, anOutgoing({ sink: toKafka(spread) }))
    const outcomes = await Promise.all(
      events.flatMap((event) => [
        sink.send(anOutgoing({ sink: toKafka(keyed, {}, '{subject}'), event }), never),
        sink.send(anOutgoing({ sink: toKafka(spread), event }), never),
      ]),
    )
    assert.deepEqual(new Set(outcomes.map(({ type }) => type)), new Set(['delivered']))
    const read = await readTopics(server.open, [keyed, spread], t)
    await eventually('all are read', () => read.length >= 602)
    const of = (topic: string) => read.filter((record) => record.topic === topic).slice(1)
    assert.deepEqual(
      of(keyed).map(({ headers }) => headers['ce_id']),
      events.map(({ eventId }) => eventId),
    )
    assert.equal(new Set(of(keyed).map(({ partition }) => partition)).size, 1)
    assert.equal(new Set(of(spread).map(({ partition }) => partition)).size, 3)
  })

  it('an event that no broker takes ends, and those that were sent with it arrive', async (t) => {
    const topic = aTopic()
    const sink = aKafkaSink(t, { brokers: [server.open] })
    await deliver(sink, anOutgoing({ sink: toKafka(topic) }))
    const send = (eventId: string, bytes: number) => {
      const event = anEvent({ eventId, body: Buffer.alloc(bytes, ' ') })
      return sink.send(anOutgoing({ sink: toKafka(topic, { format: 'Original' }), event }), never)
    }
    const sizes = [1_000, 1_000, 1_100_000, 1_000]
    const outcomes = await Promise.all(sizes.map((bytes, n) => send(`msg_${n}`, bytes)))
    const tooLarge = { type: 'permanent', cause: 'tooLarge' }
    assert.deepEqual(outcomes, [delivered, delivered, tooLarge, delivered])
  })

  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    it(`logs in with ${mechanism}, and writes where its user may; elsewhere deliveries are held`, async (t) => {
      const passwordFile = await fileOf(`password-${mechanism}`, `${login.password}\n`)
      const sasl = { mechanism, user: login.user, passwordFile }
      const sink = aKafkaSink(t, { brokers: [server.withLogin], sasl })
      await deliver(sink, anOutgoing({ sink: toKafka(aTopic()) }))
      const elsewhere = anOutgoing({ sink: toKafka('another.prefix.x') })
      assert.deepEqual(await sink.send(elsewhere, never), unauthorized)
      await deliver(sink, anOutgoing({ sink: toKafka(aTopic()) }))
    })
  }

  it('a wrong password holds deliveries, and the right one is taken once it is in the file', async (t) => {
    const passwordFile = await fileOf('password', otherPassword)
    const sasl = { mechanism: 'SCRAM-SHA-512', user: login.user, passwordFile } as const
    const sink = aKafkaSink(t, { brokers: [server.withLogin], sasl })
    const delivery = anOutgoing({ sink: toKafka(aTopic()) })
    assert.deepEqual(await sink.send(delivery, never), unauthorized)
    await writeFile(passwordFile, login.password)
    await deliver(sink, delivery)
  })

  it('encrypts and shows a client certificate; without one, or with authorities that did not sign, nothing is sent', async (t) => {
    const brokers = [server.withCertificates]
    const caFile = 'test/fixtures/tls/authority-1.cert.pem'
    const clientCertificate = {
      certFile: 'test/fixtures/tls/client-1.cert.pem',
      keyFile: 'test/fixtures/tls/client-1.key.pem',
    }
    const topic = aTopic()
    await deliver(aKafkaSink(t, { brokers, tls: { caFile, clientCertificate } }), anOutgoing({ sink: toKafka(topic) }))
    const delivery = anOutgoing({ sink: toKafka(topic) })
    const others = 'test/fixtures/tls/authority-2.cert.pem'
    const stranger = aKafkaSink(t, { brokers, tls: { caFile: others, clientCertificate } })
    assert.deepEqual(await stranger.send(delivery, never), retryable('tls'))
    const bare = await aKafkaSink(t, { brokers, tls: { caFile } }).send(delivery, never)
    assert.equal(bare.type, 'retryable')
  })

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-512'] as const) {
    it(`encrypts and logs in with ${mechanism}`, async (t) => {
      const passwordFile = await fileOf(`encrypted-${mechanism}`, login.password)
      const sink = aKafkaSink(t, {
        brokers: [server.encryptedWithLogin],
        tls: { caFile: 'test/fixtures/tls/authority-1.cert.pem' },
        sasl: { mechanism, user: login.user, passwordFile },
      })
      await deliver(sink, anOutgoing({ sink: toKafka(aTopic()) }))
    })
  }

  it('an attempt lasts no longer than the timeout of its sink, and is cut off when the process must end', async (t) => {
    const sink = aKafkaSink(t, { brokers: [server.open] })
    const impatient = toKafka(aTopic(), { delivery: { ...aSink().delivery, timeoutMs: 0 } })
    assert.deepEqual(await sink.send(anOutgoing({ sink: impatient }), never), retryable('timeout'))
    const end = new AbortController()
    const sending = sink.send(anOutgoing({ sink: toKafka(aTopic()) }), end.signal)
    end.abort()
    assert.deepEqual(await sending, retryable('cancelled'))
  })

  it('a broker that is away costs an attempt and is found again, also after a crash', async (t) => {
    const sink = aKafkaSink(t, { brokers: [server.open] })
    const delivery = anOutgoing({ sink: toKafka(aTopic()) })
    await deliver(sink, delivery)
    await server.kill()
    const outcome = await sink.send(delivery, never)
    assert.equal(outcome.type, 'retryable')
    await server.start()
    await deliver(sink, delivery)
  })

  it('a password whose file is gone costs an attempt', async (t) => {
    const sasl = { mechanism: 'SCRAM-SHA-512', user: login.user, passwordFile: join(folder, 'nowhere') } as const
    const sink = aKafkaSink(t, { brokers: [server.withLogin], sasl })
    assert.deepEqual(await sink.send(anOutgoing({ sink: toKafka(aTopic()) }), never), retryable('connection'))
  })
})

it('an installation without Kafka brokers for sinks holds such deliveries', async (t) => {
  const sink = createKafkaSink({ parseEnvelope, clock: systemClock, logger: recordedLogger('kafka-sink') })
  t.after(() => sink.close())
  assert.deepEqual(await sink.send(anOutgoing({ sink: toKafka(aTopic()) }), never), retryable('notConfigured'))
})
