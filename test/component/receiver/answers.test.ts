import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type AppendResult, InboxUnavailableError } from '../../../src/inbox/port.ts'
import { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import {
  aKeyringEntry,
  aReceiver,
  aSecret,
  aSink,
  directoryOf,
  signedHeaders,
} from '../../support/worlds/receiver-fixture.ts'

const path = '/v1/s/ml/batch-events'
const body = '{"type":"batch.succeeded","version":"v1","data":{"id":"batches/1"}}'

function aScene(changes: Parameters<typeof aKeyringEntry>[0] = {}) {
  const clock = new FakeClock()
  const entry = aKeyringEntry(changes)
  const directory = directoryOf(entry)
  const inbox = new InboxDouble()
  const fixture = aReceiver({ directory, inbox, clock })
  const nowSeconds = Math.floor(clock.now() / 1000)
  const sign = (
    signed: { id?: string; body?: string; timestampSeconds?: number; secrets?: typeof entry.secrets } = {},
  ) => signedHeaders({ timestampSeconds: nowSeconds, body, secrets: entry.secrets.slice(0, 1), ...signed })
  const post = (headers: Record<string, string>, payload: string | Buffer = body, url = path) =>
    fixture.receiver.inject({ method: 'POST', url, headers, payload })
  return { clock, entry, directory, inbox, nowSeconds, sign, post, ...fixture }
}

function facts(changes: { areKeysChanging?: boolean; checkAttemptId?: string; uid?: string }) {
  return {
    uid: 'uid-1',
    namespace: 'ml',
    name: 'batch-events',
    areKeysChanging: false,
    checkAttemptId: undefined,
    ...changes,
  }
}

test('a genuine delivery is stored as it came and acknowledged with an empty 204', async () => {
  const scene = aScene({ sinks: [aSink('worker'), aSink('cluster')] })
  scene.inbox.willAnswer('stored')
  const headers: Record<string, string> = { ...scene.sign(), 'content-type': 'application/json; charset=utf-8' }
  const answer = await scene.post(headers)
  assert.equal(answer.statusCode, 204)
  assert.equal(answer.body, '')
  const [event] = scene.inbox.appended
  assert.deepEqual(event, {
    owner: { uid: 'uid-1', namespace: 'ml', name: 'batch-events' },
    eventId: 'msg_1',
    sentAtSeconds: scene.nowSeconds,
    receivedAtMs: scene.clock.now(),
    mode: 'static',
    contentType: 'application/json; charset=utf-8',
    signature: headers['webhook-signature'],
    body: Buffer.from(body),
    sinks: ['worker', 'cluster'],
  })
  assert.equal(scene.stored.count, 1)
  assert.equal(await scene.count('Stored'), 1)
})

test('a duplicate is acknowledged like the first, and nobody is woken for it', async () => {
  const scene = aScene()
  scene.inbox.willAnswer('duplicate')
  assert.equal((await scene.post(scene.sign())).statusCode, 204)
  assert.equal(scene.stored.count, 0)
  assert.equal(await scene.count('Duplicate'), 1)
})

const bodies: { name: string; body: Buffer; contentType: string }[] = [
  { name: 'that is not JSON', body: Buffer.from('not json'), contentType: 'application/json' },
  { name: 'that is not UTF-8', body: Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x0a]), contentType: 'application/json' },
  { name: 'that is empty', body: Buffer.alloc(0), contentType: 'application/json' },
  { name: 'of an unheard-of content type', body: Buffer.from('{}'), contentType: 'application/x-new; a="b' },
  { name: 'of a content type that is none', body: Buffer.from('{}'), contentType: '///' },
  { name: 'that claims to be compressed', body: Buffer.from([0x1f, 0x8b, 1, 2, 3]), contentType: 'application/json' },
]
for (const each of bodies) {
  test(`an authentic body ${each.name} is stored byte for byte, never refused`, async () => {
    const scene = aScene()
    scene.inbox.willAnswer('stored')
    const headers = signedHeaders({ timestampSeconds: scene.nowSeconds, body: each.body, secrets: scene.entry.secrets })
    const sent = { ...headers, 'content-type': each.contentType, 'content-encoding': 'gzip' }
    assert.equal((await scene.post(sent, each.body)).statusCode, 204)
    assert.deepEqual(scene.inbox.appended[0]?.body, each.body)
    assert.equal(scene.inbox.appended[0]?.contentType, each.contentType)
  })
}

test('each missing or malformed header is a 400', async () => {
  const scene = aScene()
  const good = scene.sign()
  for (const name of Object.keys(good)) {
    const { [name]: _, ...rest } = good
    assert.equal((await scene.post(rest)).statusCode, 400, `without ${name}`)
    assert.equal(
      (await scene.post({ ...good, [name]: `${good[name]}, ${good[name]}` })).statusCode,
      400,
      `${name} twice`,
    )
  }
  assert.equal(await scene.count('MissingHeader'), 3)
  assert.equal(await scene.count('MalformedHeader'), 3)
})

test('a signature by anybody else, or over anything else, is a 401', async () => {
  const scene = aScene()
  assert.equal((await scene.post(scene.sign({ secrets: [aSecret()] }))).statusCode, 401)
  assert.equal((await scene.post(scene.sign(), `${body} `)).statusCode, 401)
  assert.equal((await scene.post({ ...scene.sign(), 'webhook-id': 'msg_2' })).statusCode, 401)
  assert.equal(await scene.count('BadSignature'), 3)
  assert.equal(await scene.count('BadSignature', 'gwh_receiver_authentic_refused_total'), 0)
})

test('a stale delivery is a 401 either way; only an authentic one says that a clock is wrong', async () => {
  const scene = aScene()
  for (const offset of [-301, 301]) {
    const timestampSeconds = scene.nowSeconds + offset
    assert.equal((await scene.post(scene.sign({ timestampSeconds }))).statusCode, 401)
    const forged = scene.sign({ timestampSeconds, secrets: [aSecret()] })
    assert.equal((await scene.post(forged)).statusCode, 401)
  }
  assert.equal(await scene.count('StaleTimestamp'), 4)
  assert.equal(await scene.count('StaleTimestamp', 'gwh_receiver_authentic_refused_total'), 2)
  assert.match((await scene.metrics.expose()).text, /gwh_receiver_stale_delivery_skew_seconds 301\n/)
})

test('every live secret is accepted, until its end by our clock', async () => {
  const clock = new FakeClock()
  const previous = aSecret(new Date(clock.now() + 60_000).toISOString())
  const scene = aScene({ secrets: [aSecret(), previous] })
  scene.inbox.willAnswer('stored')
  assert.equal((await scene.post(scene.sign({ secrets: [previous] }))).statusCode, 204)
  await scene.clock.advance({ seconds: 60 })
  assert.equal((await scene.post(scene.sign({ secrets: [previous] }))).statusCode, 401)
})

test('an unknown endpoint is a 404, on an unknown path too', async () => {
  const scene = aScene()
  for (const url of [
    '/v1/s/ml/other',
    '/v1/s/other/batch-events',
    '/',
    '/v1/s/ml',
    '/v1/d/ml/batch-events/token',
    '/v1/s//',
    '/v1/s/ml%2Fbatch-events/x',
    '/v1/s/%zz/x',
    `/v1/s/ml/${'a'.repeat(400)}`,
  ]) {
    const answer = await scene.post(scene.sign(), body, url)
    assert.equal(answer.statusCode, 404, url)
    assert.equal(answer.body, '')
    assert.equal(answer.headers['content-type'], undefined)
  }
})

test('what an anonymous sender learns from answers: whether a static endpoint exists, and nothing of a dynamic one', async () => {
  const scene = aScene()
  const forged = scene.sign({ secrets: [aSecret()] })
  const seen = async (url: string, headers: Record<string, string>) => {
    const { statusCode, body: text, headers: answered } = await scene.post(headers, body, url)
    return { statusCode, text, names: Object.keys(answered).toSorted() }
  }
  const known = '/v1/s/ml/batch-events'
  const unknown = '/v1/s/ml/other'
  assert.deepEqual([(await seen(known, {})).statusCode, (await seen(known, forged)).statusCode], [400, 401])
  assert.deepEqual([(await seen(unknown, {})).statusCode, (await seen(unknown, forged)).statusCode], [404, 404])
  for (const headers of [{}, forged]) {
    const [ofKnown, ofUnknown] = [await seen(known, headers), await seen(unknown, headers)]
    assert.deepEqual([ofKnown.text, ofUnknown.text], ['', ''], 'the status is all that differs')
    const dynamic = await seen('/v1/d/ml/batch-events/guessed', headers)
    assert.deepEqual(dynamic, await seen('/v1/d/ml/other/guessed', headers))
    assert.equal(dynamic.statusCode, 404)
  }
})

test('before the directory is complete an unknown endpoint is a 503, and a known one is served', async () => {
  const clock = new FakeClock()
  const directory = new EndpointDirectory()
  const { receiver } = aReceiver({ directory, inbox: new InboxDouble(), clock })
  const answer = await receiver.inject({ method: 'POST', url: path, payload: body })
  assert.equal(answer.statusCode, 503)
  assert.ok(Number(answer.headers['retry-after']) > 0)
})

test('another method on one of our paths is a 405 that says which one', async () => {
  const scene = aScene()
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
    const answer = await scene.receiver.inject({ method, url: `${path}?x=1` })
    assert.equal(answer.statusCode, 405, method)
    assert.equal(answer.headers.allow, 'POST')
    assert.equal(answer.body, '')
  }
  const health = await scene.receiver.inject({ method: 'POST', url: '/healthz' })
  assert.equal(health.headers.allow, 'GET, HEAD')
})

test('a known endpoint without a live secret is a 503', async () => {
  const ended = aSecret('2026-01-01T00:00:00Z')
  for (const secrets of [[], [ended]]) {
    const scene = aScene({ secrets })
    const answer = await scene.post(scene.sign({ secrets: [ended] }))
    assert.equal(answer.statusCode, 503)
    assert.equal(await scene.count('NoLiveKey'), 1)
  }
})

test('an object whose keyring entry has not arrived is a 503, not a 404', async () => {
  const scene = aScene()
  scene.directory.applyFacts({ ...facts({ uid: 'uid-2' }), name: 'newcomer' })
  assert.equal((await scene.post(scene.sign(), body, '/v1/s/ml/newcomer')).statusCode, 503)
})

test("a successor of the same name never accepts its predecessor's secret", async () => {
  const scene = aScene()
  scene.directory.applyFacts(facts({ uid: 'uid-of-the-successor' }))
  assert.equal((await scene.post(scene.sign())).statusCode, 503)
})

test('while a secret is being created or rotated an unmatched signature is a 503, a matching one is stored', async () => {
  const scene = aScene()
  scene.directory.applyFacts(facts({ areKeysChanging: true }))
  const unmatched = await scene.post(scene.sign({ secrets: [aSecret()] }))
  assert.equal(unmatched.statusCode, 503)
  assert.ok(Number(unmatched.headers['retry-after']) > 0)
  scene.inbox.willAnswer('stored')
  assert.equal((await scene.post(scene.sign())).statusCode, 204)
  scene.directory.applyFacts(facts({ areKeysChanging: false }))
  assert.equal((await scene.post(scene.sign({ secrets: [aSecret()] }))).statusCode, 401)
})

const inboxFailures: { name: string; script: AppendResult | Error; outcome: string }[] = [
  { name: 'whose share is used up', script: 'ownerFull', outcome: 'OwnerFull' },
  { name: 'of whose owner too much waits to be written', script: 'ownerBusy', outcome: 'OwnerFull' },
  { name: 'when the inbox is full', script: 'inboxFull', outcome: 'InboxFull' },
  { name: 'when the inbox cannot write', script: new InboxUnavailableError('disk'), outcome: 'InboxUnavailable' },
]
for (const { name, script, outcome } of inboxFailures) {
  test(`a genuine delivery ${name} is a 503 with Retry-After, and counts as our failure`, async () => {
    const scene = aScene()
    scene.inbox.willAnswer(script)
    const answer = await scene.post(scene.sign())
    assert.equal(answer.statusCode, 503)
    assert.ok(Number(answer.headers['retry-after']) > 0)
    assert.equal(await scene.count(outcome, 'gwh_receiver_authentic_refused_total'), 1)
    assert.equal(scene.stored.count, 0)
  })
}

test('an append that is not committed in three seconds is a 503; committed later it still counts as stored', async () => {
  const scene = aScene()
  const late = Promise.withResolvers<AppendResult>()
  scene.inbox.willAnswer(() => late.promise)
  const pending = scene.post(scene.sign())
  await settle()
  await scene.clock.advance({ ms: 2_900 })
  assert.equal(await scene.count('AppendTimeout'), 0)
  await scene.clock.advance({ ms: 200 })
  assert.equal((await pending).statusCode, 503)
  assert.equal(await scene.count('AppendTimeout', 'gwh_receiver_authentic_refused_total'), 1)
  late.resolve('stored')
  await settle()
  assert.equal(scene.stored.count, 1)
  assert.equal(scene.clock.pending, 0)
})

test('bodies count against the budget until the inbox has spoken, and not a byte longer', async () => {
  const clock = new FakeClock()
  const entry = aKeyringEntry()
  const inbox = new InboxDouble()
  const { receiver, metrics, count } = aReceiver({
    directory: directoryOf(entry),
    inbox,
    clock,
    limits: { maxHeldBodyBytes: Math.floor(body.length * 2.5) },
  })
  const late = Promise.withResolvers<AppendResult>()
  inbox.willAnswer(
    () => late.promise,
    () => late.promise,
  )
  const post = (id: string) => {
    const headers = signedHeaders({ id, timestampSeconds: clock.now() / 1000, body, secrets: entry.secrets })
    return receiver.inject({ method: 'POST', url: path, headers, payload: body })
  }
  const held = [post('a'), post('b')]
  await settle()
  assert.equal((await post('c')).statusCode, 503)
  assert.equal(await count('Overloaded'), 1)
  late.resolve('stored')
  for (const each of held) assert.equal((await each).statusCode, 204)
  assert.match((await metrics.expose()).text, /gwh_receiver_held_body_bytes 0\n/)
  assert.equal((await post('d')).statusCode, 503, 'the double throws on an unscripted append')
  assert.match((await metrics.expose()).text, /gwh_receiver_held_body_bytes 0\n/)
})

test('a body beyond the limit is a 413, announced or not', async () => {
  const scene = aScene()
  const large = 'x'.repeat(256 * 1024 + 1)
  const announced = await scene.post(scene.sign({ body: large }), large)
  assert.equal(announced.statusCode, 413)
  assert.equal(await scene.count('BodyTooLarge'), 1)
})

const faults: { name: string; fault: Partial<Parameters<typeof aReceiver>[0]>; outcome: string }[] = [
  {
    name: 'an inbox that throws',
    fault: { inbox: { append: () => assert.fail('a fault of ours') } },
    outcome: 'InboxUnavailable',
  },
  {
    name: 'an envelope reader that throws',
    fault: { parseEnvelope: () => assert.fail('a fault of ours') },
    outcome: 'InternalError',
  },
]
for (const { name, fault, outcome } of faults) {
  test(`${name} is a 503, logged with its cause, and the budget is whole again`, async () => {
    const clock = new FakeClock()
    const entry = aKeyringEntry()
    const lines: { error?: Error; outcome?: string }[] = []
    const log = (details: object) => void lines.push(details)
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
    const scene = { directory: directoryOf(entry), inbox: new InboxDouble(), clock, logger, ...fault }
    const { receiver, metrics } = aReceiver(scene)
    const ping = '{"type":"ping"}'
    const headers = signedHeaders({ timestampSeconds: clock.now() / 1000, body: ping, secrets: entry.secrets })
    const answer = await receiver.inject({ method: 'POST', url: path, headers, payload: ping })
    assert.equal(answer.statusCode, 503)
    assert.match((await metrics.expose()).text, /gwh_receiver_held_body_bytes 0\n/)
    assert.deepEqual(
      lines.map((line) => [line.outcome, line.error?.message]),
      [[outcome, 'a fault of ours']],
    )
  })
}

test('an endpoint check is answered by a newly stored delivery, with the key that verified it', async () => {
  const scene = aScene({ secrets: [aSecret(), aSecret()] })
  const activityOf = () => new Map(scene.activity.entries()).get('uid-1')
  scene.inbox.willAnswer('stored', 'duplicate', 'stored')
  await scene.post(scene.sign({ id: 'before' }))
  assert.equal(activityOf()?.check, undefined, 'no check was open')
  scene.directory.applyFacts(facts({ checkAttemptId: 'attempt-7' }))
  await scene.post(scene.sign({ id: 'before' }))
  assert.equal(activityOf()?.check, undefined, 'a duplicate proves nothing new')
  const second = scene.entry.secrets.slice(1)
  await scene.post(scene.sign({ id: 'new', secrets: second }))
  assert.deepEqual(activityOf()?.check, { attemptID: 'attempt-7', keyID: second[0]?.keyId })
})

const withheld: { name: string; body: string; isCheckOpen: boolean; sinks: string[] }[] = [
  { name: 'a ping', body: '{"type":"ping"}', isCheckOpen: false, sinks: [] },
  { name: 'a ping that is written with an escape', body: '{"type":"p\\u0069ng"}', isCheckOpen: false, sinks: [] },
  { name: 'a ping of some family', body: '{"type":"webhook.ping","data":{"id":"x"}}', isCheckOpen: false, sinks: [] },
  { name: 'an unknown type outside of a check', body: '{"type":"news.flash"}', isCheckOpen: false, sinks: ['worker'] },
  { name: 'an unknown type without a job during a check', body: '{"type":"news.flash"}', isCheckOpen: true, sinks: [] },
  { name: 'an unreadable body during a check', body: 'hello', isCheckOpen: true, sinks: [] },
  {
    name: 'an unknown type with a job during a check',
    body: '{"type":"a.b","data":{"id":"j"}}',
    isCheckOpen: true,
    sinks: ['worker'],
  },
  {
    name: 'a known type without a job during a check',
    body: '{"type":"batch.failed"}',
    isCheckOpen: true,
    sinks: ['worker'],
  },
  {
    name: 'an event that only mentions a ping',
    body: '{"type":"batch.failed","data":{"id":"ping"}}',
    isCheckOpen: false,
    sinks: ['worker'],
  },
]
for (const each of withheld) {
  test(`${each.name} is stored and ${each.sinks.length === 0 ? 'withheld from' : 'goes to'} the sinks`, async () => {
    const scene = aScene()
    scene.directory.applyFacts(facts({ ...(each.isCheckOpen && { checkAttemptId: 'attempt-1' }) }))
    scene.inbox.willAnswer('stored')
    assert.equal((await scene.post(scene.sign({ body: each.body }), each.body)).statusCode, 204)
    assert.deepEqual(scene.inbox.appended[0]?.sinks, each.sinks)
  })
}

test('refusals of authentic deliveries are remembered until one is kept; strangers leave no trace', async () => {
  const scene = aScene()
  const activityOf = () => new Map(scene.activity.entries()).get('uid-1')
  await scene.post(scene.sign({ secrets: [aSecret()] }))
  assert.equal(activityOf(), undefined)
  scene.inbox.willAnswer('inboxFull', 'inboxFull', 'stored')
  const since = scene.clock.now()
  await scene.post(scene.sign())
  await scene.clock.advance({ seconds: 10 })
  await scene.post(scene.sign())
  assert.equal(activityOf()?.refusingSinceMs, since)
  await scene.post(scene.sign())
  assert.equal(activityOf()?.refusingSinceMs, undefined)
  assert.equal(activityOf()?.lastVerifiedMs, scene.clock.now())
})

test('the prefix of the base URL is accepted, and an ingress may strip it', async () => {
  const entry = aKeyringEntry()
  const clock = new FakeClock()
  const inbox = new InboxDouble().willAnswer('stored', 'duplicate')
  const { receiver } = aReceiver({ directory: directoryOf(entry), inbox, clock, pathPrefix: '/hooks/gemini/' })
  const headers = signedHeaders({ timestampSeconds: clock.now() / 1000, body, secrets: entry.secrets })
  for (const url of [`/hooks/gemini${path}`, path]) {
    assert.equal((await receiver.inject({ method: 'POST', url, headers, payload: body })).statusCode, 204, url)
  }
  assert.equal(
    (await receiver.inject({ method: 'POST', url: `/hooks${path}`, headers, payload: body })).statusCode,
    404,
  )
  assert.equal((await receiver.inject({ method: 'GET', url: `/hooks/gemini${path}` })).statusCode, 405)
})

test('no log line carries a body, a signature, a secret or the id of an unverified delivery', async () => {
  const clock = new FakeClock()
  const entry = aKeyringEntry()
  const lines: string[] = []
  const log = (details: unknown, message: string) => void lines.push(JSON.stringify([details, message]))
  const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  const inbox = new InboxDouble().willAnswer('stored', 'inboxFull')
  const { receiver } = aReceiver({ directory: directoryOf(entry), inbox, clock, logger })
  const nowSeconds = clock.now() / 1000
  const send = async (headers: Record<string, string>, url = path) =>
    receiver.inject({ method: 'POST', url, headers, payload: body })
  const genuine = signedHeaders({ timestampSeconds: nowSeconds, body, secrets: entry.secrets })
  await send(genuine)
  await send(genuine)
  await send({ ...genuine, 'webhook-id': 'msg_forged' })
  await send(genuine, '/v1/d/ml/batch-events/the-path-token')
  await send(signedHeaders({ timestampSeconds: nowSeconds - 999, body, secrets: entry.secrets }))
  const log_ = lines.join('\n')
  assert.equal(lines.length, 5)
  for (const forbidden of [
    ...entry.secrets.map(({ secret }) => secret),
    genuine['webhook-signature'] ?? '',
    'batches/1',
    'msg_forged',
    'the-path-token',
  ]) {
    assert.ok(!log_.includes(forbidden), `the log carries ${forbidden}`)
  }
  assert.match(log_, /"eventId":"msg_1"/)
})

test('refusals of strangers fill no disk: at most 20 lines a second, and the next line says how many were left out', async () => {
  const clock = new FakeClock()
  const lines: { suppressedLines?: number }[] = []
  const log = (details: object) => void lines.push(details)
  const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  const { receiver, count } = aReceiver({ directory: directoryOf(), inbox: new InboxDouble(), clock, logger })
  for (let request = 0; request < 50; request++) await receiver.inject({ method: 'POST', url: '/nowhere' })
  assert.equal(lines.length, 20)
  await clock.advance({ seconds: 1 })
  await receiver.inject({ method: 'POST', url: '/nowhere' })
  assert.equal(lines.at(-1)?.suppressedLines, 30)
  assert.equal(await count('UnknownEndpoint'), 51)
})
