import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { keyIdOf } from '../../../src/contract/keyring/shard.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'
import { invalidResources, invalidRoutes } from '../../support/builders/resource-fixtures.ts'
import { v1aVector, v1Vectors } from '../../unit/signature/vectors.ts'

/** The program's command in a folder of its own; nothing but files is there to be read. */
async function aFolder(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-offline-'))
  t.after(() => rm(folder, { recursive: true }))
  const clock = new FakeClock('2026-11-21T12:00:00Z')
  const put = async (name: string, content: string | Buffer) => {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  const gwh = gwhCommand({ clock })
  return { gwh, put }
}

test('gwh validate takes every sample and every valid manifest', async (t) => {
  const { gwh } = await aFolder(t)
  const files = globSync(['deploy/samples/*.yaml', 'test/fixtures/{resources,routes}/valid/*.yaml'])
  assert.ok(files.length > 20)
  const { code, out, err } = await gwh('validate', ...files)
  assert.deepEqual([code, err], [0, ''])
  const [, good, all] = /^(\d+) of (\d+) are valid\.\n$/.exec(out) ?? []
  assert.equal(good, all)
  assert.ok(Number(all) >= files.length)
})

/**
 * What it was before is the cluster's to know; and what the schema says is worded by the server there, by ours here.
 */
const refused = { resources: invalidResources(), routes: invalidRoutes() }
for (const [folder, invalid] of Object.entries(refused)) {
  for (const { name, rule, field, message, previous } of invalid) {
    if (previous === undefined) refuses(`${folder}/invalid/${name}.yaml`, rule === 'shape' ? undefined : message, field)
  }
}

function refuses(fixture: string, message: string | undefined, field: string): void {
  test(`gwh validate names the field of ${fixture} and what is wrong with it`, async (t) => {
    const { gwh } = await aFolder(t)
    const { code, out } = await gwh('validate', `test/fixtures/${fixture}`, '-o', 'json')
    assert.equal(code, 1)
    const { objects } = JSON.parse(out) as { objects: { problems: { field: string; message: string }[] }[] }
    const problems = objects.flatMap((object) => object.problems)
    const said = problems.find((problem) => problem.field === field)?.message
    assert.ok(said !== undefined && (message ?? said) === said, `${JSON.stringify(problems)}: no ${field}: ${message}`)
  })
}

test('gwh validate names file, object and field of every mistake, in Lists and among other kinds too', async (t) => {
  const { gwh, put } = await aFolder(t)
  const spec = { apiKeySecretRef: { name: 'k' }, events: ['batch.succeeded'] }
  const object = (name: string, more: object) => ({
    apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
    kind: 'GeminiWebhook',
    metadata: { name, namespace: 'ml' },
    spec: { ...spec, ...more },
  })
  const filter = { sinks: [{ name: 's', kubernetesEvent: {}, filter: { cel: 'event.typ ==' } }] }
  const items = [object('good', {}), object('misspelt', { evnts: [] }), object('filter', filter)]
  const list = await put('list.yaml', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const others = await put('others.yaml', 'kind: ConfigMap\n---\n---\nkind: Secret\n')
  const { code, out } = await gwh('validate', list, others)
  assert.equal(code, 1)
  const [misspelt, cel, summary] = out.split('\n')
  assert.equal(misspelt, `${list}: GeminiWebhook ml/misspelt: spec: has no field named evnts`)
  assert.ok(cel?.startsWith(`${list}: GeminiWebhook ml/filter: spec.sinks[0].filter.cel: does not compile`), cel)
  assert.equal(summary, '1 of 3 are valid.')
  const nothing = await gwh('validate', others)
  assert.deepEqual(
    [nothing.code, nothing.out],
    [3, 'No GeminiWebhook or GeminiRoute in these files.\n'],
    'nothing was judged',
  )
})

test('gwh validate adds up what the filters of an object may cost', async (t) => {
  const { gwh, put } = await aFolder(t)
  const sinks = ['a', 'b', 'c'].map((name) => ({
    name,
    kubernetesEvent: {},
    filter: { cel: `event.data.${name} == event.metadata.${name}` },
  }))
  const object = (name: string, count: number) => ({
    apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
    kind: 'GeminiWebhook',
    metadata: { name, namespace: 'ml' },
    spec: { apiKeySecretRef: { name: 'k' }, events: ['batch.succeeded'], sinks: sinks.slice(0, count) },
  })
  const one = await put('one.yaml', JSON.stringify(object('one', 1)))
  const many = await put('many.yaml', JSON.stringify(object('many', 3)))
  const { code, out } = await gwh('validate', one, many)
  assert.equal(code, 1)
  const lines = out.split('\n')
  assert.match(
    lines[0] ?? '',
    /many\.yaml: GeminiWebhook ml\/many: spec\.sinks\[1\]\.filter\.cel: may cost 2,519 steps .* 38 more than the 5,000/,
  )
  assert.match(lines[1] ?? '', /spec\.sinks\[2\]\.filter\.cel: may cost 2,519 steps .* 2,557 more than the 5,000/)
  assert.equal(lines[2], '1 of 2 are valid.')
})

const aRoute = (name: string, cel: string, sinkCels: readonly (string | undefined)[]) => ({
  apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
  kind: 'GeminiRoute',
  metadata: { name, namespace: 'team' },
  spec: {
    webhookRef: { name: 'project-events', namespace: 'ml-platform' },
    filter: { cel },
    sinks: sinkCels.map((sinkCel, index) => ({
      name: `s${index}`,
      kubernetesEvent: {},
      ...(sinkCel !== undefined && { filter: { cel: sinkCel } }),
    })),
  },
})

const aWebhookWith = (sinks: readonly object[]) => ({
  apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
  kind: 'GeminiWebhook',
  metadata: { name: 'hook', namespace: 'ml' },
  spec: { apiKeySecretRef: { name: 'k' }, events: ['batch.succeeded'], sinks },
})

test('gwh validate says of a transform what the controller would say', async (t) => {
  const { gwh, put } = await aFolder(t)
  const transforms = [
    { body: 'event.typo' },
    { body: '1', contentType: 'text/plain' },
    { body: '1', headers: { host: 'a' } },
    { body: '1' },
  ]
  const sinks = transforms.map((transform, at) => ({ name: `s${at}`, uri: 'https://a.example.com/', transform }))
  const { code, out } = await gwh('validate', await put('hook.yaml', JSON.stringify(aWebhookWith(sinks))))
  assert.equal(code, 1)
  const said = out.split('\n').map((line) => line.replace(/^.*GeminiWebhook ml\/hook: /, ''))
  assert.match(said[0] ?? '', /^spec\.sinks\[0\]\.transform\.body: does not compile: No such key: typo/)
  assert.match(said[1] ?? '', /^spec\.sinks\[1\]\.transform\.body: yields int, not a string/)
  assert.match(said[2] ?? '', /^spec\.sinks\[2\]\.transform\.headers: key "host" may not be sent as a header/)
  assert.equal(said[3], '0 of 1 is valid.')
})

test('gwh validate says of the transform of a dead letter destination what the controller would say', async (t) => {
  const { gwh, put } = await aFolder(t)
  const transforms = [
    { body: 'event.typo' },
    { body: 'event.deadletterreason', headers: { host: 'a' } },
    { body: '[event.deadlettersink, event.deadletterreason]' },
  ]
  const sinks = transforms.map((transform, at) => ({
    name: `s${at}`,
    uri: 'https://a.example.com/',
    deadLetter: { uri: 'https://d.example.com/', transform },
  }))
  for (const manifest of [
    aWebhookWith(sinks),
    { ...aRoute('r', 'true', []), spec: { webhookRef: { name: 'hook' }, sinks } },
  ]) {
    const { code, out } = await gwh('validate', await put('one.yaml', JSON.stringify(manifest)))
    assert.equal(code, 1)
    const said = out.split('\n').map((line) => line.replace(/^.*(GeminiWebhook|GeminiRoute) \w+\/\w+: /, ''))
    assert.match(said[0] ?? '', /^spec\.sinks\[0\]\.deadLetter\.transform\.body: does not compile: No such key: typo/)
    assert.match(said[1] ?? '', /^spec\.sinks\[1\]\.deadLetter\.transform\.headers: key "host" may not be sent/)
    assert.equal(said[2], '0 of 1 is valid.')
  }
})

const shown = {
  body: '{"type":"batch.succeeded","timestamp":"2026-11-21T11:59:58Z","data":{"id":"batches/abc"}}',
  sinks: [
    {
      name: 'chat',
      uri: 'https://chat.example.com/hooks?a=b',
      transform: { body: '{"text": event.subject + " " + event.id}', method: 'PUT', headers: { 'X-Source': 'gwh' } },
      auth: { headersSecretRef: { name: 'chat-token' }, signingSecretRef: { name: 'chat-signing' } },
    },
    { name: 'other', uri: 'https://a.example.com/', filter: { cel: 'event.type == "batch.failed"' } },
    { name: 'strict', uri: 'https://a.example.com/', transform: { body: 'event.data.nope' } },
    { name: 'worker', service: { name: 'w', path: '/events' }, format: 'Original' },
    { name: 'bus', nats: { subject: 'batches.{type}' }, transform: { body: '"a"', contentType: 'text/plain' } },
    { name: 'cluster', kubernetesEvent: {} },
  ],
}

interface ShownPreviews {
  previews: { sink: string; result: string; cause?: string; request?: Record<string, unknown> }[]
}

test('gwh validate --event shows what each sink would be sent, byte for byte but for secrets', async (t) => {
  const { gwh, put } = await aFolder(t)
  const manifest = await put('hook.yaml', JSON.stringify(aWebhookWith(shown.sinks)))
  const captured = `POST /v1/s/ml/hook HTTP/1.1\r\nwebhook-id: msg_7\r\nwebhook-timestamp: 1795262398\r\nwebhook-signature: v1,c2lnbmF0dXJl\r\ncontent-type: application/json\r\n\r\n${shown.body}`
  const event = await put('captured.http', captured)
  const { code, out } = await gwh('validate', manifest, '--event', event, '-o', 'json')
  assert.equal(code, 1, 'one would become a dead letter')
  const { previews } = JSON.parse(out) as ShownPreviews
  assert.deepEqual(
    previews.map(({ sink, result, cause }) => [sink, result, cause]),
    [
      ['chat', 'sent', undefined],
      ['other', 'unwanted', undefined],
      ['strict', 'TransformError', 'expressionFailed'],
      ['worker', 'sent', undefined],
      ['bus', 'sent', undefined],
      ['cluster', 'sent', undefined],
    ],
  )
  const [chat, , , worker, bus, cluster] = previews.map(({ request }) => request)
  assert.deepEqual(chat, {
    to: 'https://chat.example.com/hooks?a=b',
    method: 'PUT',
    headers: {
      'user-agent': 'gemini-webhook-operator',
      'x-source': 'gwh',
      'ce-specversion': '1.0',
      'content-type': 'application/json',
      'ce-id': 'msg_7',
      'ce-source': '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/hook',
      'ce-type': 'com.google.gemini.batch.succeeded',
      'ce-subject': 'batches/abc',
      'ce-time': '2026-11-21T11:59:58Z',
      'ce-geminimode': 'static',
      'ce-deliveryattempt': '1',
      'ce-replayed': 'false',
      'webhook-id': 'msg_7',
      'webhook-timestamp': '(of the attempt)',
      'webhook-signature': '(by Secret chat-signing)',
      traceparent: '(of the attempt)',
    },
    headersOf: 'chat-token',
    body: '{"text":"batches/abc msg_7"}',
  })
  assert.deepEqual([worker?.['to'], worker?.['body']], ['http://w.ml.svc:80/events', shown.body])
  assert.deepEqual(
    [bus?.['to'], bus?.['method'], bus?.['body']],
    ['(prefix of the installation).ml.batches.{type}', undefined, 'a'],
  )
  assert.equal(cluster?.['to'], 'a Kubernetes Event')
  const text = await gwh('validate', manifest, '--event', event)
  assert.ok(text.out.includes(`hook, sink other: unwanted\n`), text.out)
  assert.ok(text.out.includes('PUT https://chat.example.com/hooks?a=b\nuser-agent: '), text.out)
  assert.ok(text.out.includes('(headers of Secret chat-token)\n\n{"text":"batches/abc msg_7"}\n'), text.out)
})

const namesOf = (request?: Record<string, unknown>) => Object.keys(request?.['headers'] ?? {})

test('gwh validate --event shows what a suspended sink will get, and messages as they are stored', async (t) => {
  const { gwh, put } = await aFolder(t)
  const sinks = [
    { name: 'later', uri: 'https://a.example.com/', suspend: true, transform: { body: 'event.mode' } },
    { name: 'log', kafka: { topic: 'batches' } },
    { name: 'bus', nats: { subject: 'batches' } },
  ]
  const manifest = await put('hook.yaml', JSON.stringify(aWebhookWith(sinks)))
  const head = ['webhook-id: msg_7', 'webhook-timestamp: 1795262398', 'webhook-signature: e30.e30.c2ln']
  const captured = await put('captured.http', `${head.join('\r\n')}\r\n\r\n${shown.body}`)
  const { code, out } = await gwh('validate', manifest, '--event', captured, '-o', 'json')
  const { previews } = JSON.parse(out) as ShownPreviews
  assert.deepEqual(
    [code, previews.map(({ sink, result }) => [sink, result])],
    [0, sinks.map(({ name }) => [name, 'sent'])],
  )
  const [later, log, bus] = previews.map(({ request }) => request)
  assert.equal(later?.['body'], '"dynamic"', 'a bare JWT signs for dynamic webhooks alone')
  assert.ok(namesOf(log).includes('ce_id') && !namesOf(log).includes('ce-id'), namesOf(log).join())
  assert.ok(namesOf(bus).includes('ce-id'))
  assert.ok(![...namesOf(log), ...namesOf(bus)].includes('user-agent'))
})

test('gwh validate --event takes a bare body, and folders of manifests and of events', async (t) => {
  const { gwh, put } = await aFolder(t)
  const sinks = [{ name: 'chat', uri: 'https://a.example.com/', transform: { body: '[event.id, event.type]' } }]
  const folder = dirname(await put('hook.yaml', JSON.stringify(aWebhookWith(sinks))))
  await put('notes.txt', 'no manifest')
  await put('events/a.json', ` ${shown.body}`)
  await put('events/b.json', '[]')
  const { code, out } = await gwh('validate', folder, '--event', join(folder, 'events'), '-o', 'json')
  const { previews } = JSON.parse(out) as ShownPreviews
  assert.deepEqual([code, previews.length], [0, 2])
  assert.deepEqual(
    previews.map(({ request }) => request?.['body']),
    ['["msg_example","batch.succeeded"]', '["msg_example","unknown"]'],
  )
  const missing = await gwh('validate', folder, '--event', join(folder, 'nope'))
  assert.deepEqual([missing.code, /--event: .*nope: cannot be read \(ENOENT\)/.test(missing.err)], [1, true])
  const cut = await gwh('validate', folder, '--event', await put('cut.http', 'a: b'))
  assert.deepEqual([cut.code, /cut\.http: has no empty line/.test(cut.err)], [1, true])
})

test('gwh validate --event goes through the filter of a route and of its sinks', async (t) => {
  const { gwh, put } = await aFolder(t)
  const wide = aRoute('wide', 'has(event.data.id)', ['event.type == "batch.failed"', undefined])
  const narrow = { ...aRoute('narrow', 'true', [undefined]), spec: { ...aRoute('narrow', 'true', [undefined]).spec } }
  const other = { ...narrow.spec, filter: { types: { exact: ['video.generated'] } } }
  const manifests = await put(
    'routes.yaml',
    `${JSON.stringify(wide)}\n---\n${JSON.stringify({ ...narrow, spec: other })}\n`,
  )
  const { out } = await gwh('validate', manifests, '--event', await put('event.json', shown.body), '-o', 'json')
  const { previews } = JSON.parse(out) as ShownPreviews
  assert.deepEqual(
    previews.map(({ result }) => result),
    ['unwanted', 'sent', 'unwanted'],
  )
})

test('gwh validate judges the expression of a route in front of that of each sink', async (t) => {
  const { gwh, put } = await aFolder(t)
  const dear = 'event.data.a == event.metadata.a'
  const items = [
    aRoute('good', 'has(event.data.id) // a comment', ['has(event.data.x)', undefined]),
    aRoute('halves', 'has(event.data.id)) || (true', ['true']),
    aRoute('own', 'true', [undefined, 'event.typ ==']),
    aRoute('thrice', dear, [undefined, undefined, undefined]),
    aRoute('added-up', dear, ['true', dear]),
  ]
  const list = await put('list.yaml', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const { code, out } = await gwh('validate', list)
  assert.equal(code, 1)
  const said = out.split('\n').map((line) => line.replace(`${list}: GeminiRoute team/`, ''))
  assert.equal(said.length, 6)
  assert.match(said[0] ?? '', /^halves: spec\.filter\.cel: does not compile/)
  assert.match(said[1] ?? '', /^own: spec\.sinks\[1\]\.filter\.cel: does not compile/)
  assert.match(said[2] ?? '', /^thrice: spec\.filter\.cel: may cost .* more than the 5,000/)
  assert.match(said[3] ?? '', /^added-up: spec\.sinks\[1\]\.filter\.cel: may cost .* more than the 5,000/)
  assert.equal(said[4], '1 of 5 are valid.')
})

test('gwh validate tells what it cannot read', async (t) => {
  const { gwh, put } = await aFolder(t)
  const broken = await put('broken.yaml', 'kind: GeminiWebhook\n  spec: {')
  const { code, out } = await gwh('validate', broken, 'not-there.yaml')
  assert.equal(code, 1)
  const [first = '', second] = out.split('\n')
  assert.match(first, /broken\.yaml: .* at line \d+, column \d+$/)
  assert.equal(second, 'not-there.yaml: cannot be read (ENOENT)')
  assert.equal((await gwh('validate')).code, 2, 'at least one file')
})

/** A captured request as the wire had it. */
function captured({
  id,
  timestamp,
  body,
  signature,
}: {
  id: string
  timestamp: string
  body: string
  signature: string
}) {
  const headers = { 'Webhook-Id': id, 'Webhook-Timestamp': timestamp, 'Webhook-Signature': signature }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return ['POST /v1/s/ml/batch-events HTTP/1.1', ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n')
}

test('gwh verify knows the published vectors by the secret that made them, however old they are', async (t) => {
  const { gwh, put } = await aFolder(t)
  const old = Array.from({ length: 6 }, (_, at) => `whsec_${Buffer.alloc(24, at).toString('base64')}`)
  const secrets = await put('secrets', [...old, ...v1Vectors.map(({ secret }) => secret)].join(' '))
  for (const vector of v1Vectors) {
    const file = await put('request', captured(vector))
    const { code, out, err } = await gwh('verify', file, `--secret-file=${secrets}`, '-o', 'json')
    assert.deepEqual([code, err], [0, ''])
    const { signature, keyId, eventId, stale } = JSON.parse(out) as Record<string, unknown>
    assert.deepEqual([signature, keyId, eventId, stale], ['Good', keyIdOf(vector.secret), vector.id, true])
    assert.ok(!out.includes(vector.secret))
    const text = await gwh('verify', file, `--secret-file=${secrets}`)
    assert.match(
      text.out,
      /^Good: .* signed for 20\d\d-.*, \d+ s ago; a receiver takes it only within 300 s of that\.\n$/,
    )
  }
})

test('gwh verify refuses a changed body, another secret, and headers that a receiver refuses', async (t) => {
  const { gwh, put } = await aFolder(t)
  const [one, two] = v1Vectors
  const secret = await put('secret', one.secret)
  const verdict = async (text: string) => {
    const { code, out } = await gwh('verify', await put('request', text), `--secret-file=${secret}`)
    return [code, out.split(':', 1)[0]]
  }
  assert.deepEqual(await verdict(captured({ ...one, body: one.body.replace('2', '3') })), [1, 'Refused (401)'])
  assert.deepEqual(await verdict(captured(two)), [1, 'Refused (401)'])
  assert.deepEqual(await verdict(captured(one).replace('Webhook-Id', 'X-Id')), [1, 'Refused (400)'])
  assert.deepEqual(await verdict(captured({ ...one, timestamp: '1614265330abc' })), [1, 'Refused (400)'])
})

test('gwh verify checks a request to a dynamic endpoint with the public keys', async (t) => {
  const { gwh, put } = await aFolder(t)
  const x = Buffer.from(v1aVector.publicKey.slice('whpk_'.length), 'base64').toString('base64url')
  const jwks = await put('jwks.json', JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x }] }))
  const good = await gwh('verify', await put('request', captured(v1aVector)), `--jwks-file=${jwks}`)
  assert.deepEqual([good.code, good.out.startsWith('Good: ')], [0, true])
  const forged = captured({ ...v1aVector, body: '{}' })
  assert.equal((await gwh('verify', await put('request', forged), `--jwks-file=${jwks}`)).code, 1)
})

test('gwh verify says what is wrong with its files and never quotes a secret', async (t) => {
  const { gwh, put } = await aFolder(t)
  const request = await put('request', captured(v1Vectors[0]))
  const wrong = await put('wrong', `${v1Vectors[0].secret} not-a-secret`)
  const cases: [string[], number, RegExp][] = [
    [[request], 2, /secret-file, jwks-file: give one of the two/],
    [[request, `--secret-file=${wrong}`, `--jwks-file=${wrong}`], 2, /give one of the two/],
    [[request, `--secret-file=${wrong}`], 1, /--secret-file: .*: secret 2 does not start with whsec_/],
    [[request, `--secret-file=${await put('empty', '\n')}`], 1, /is empty/],
    [[request, `--jwks-file=${wrong}`], 1, /is no JSON Web Key Set/],
    [['not-there', `--secret-file=${wrong}`], 1, /not-there: cannot be read \(ENOENT\)/],
    [[await put('cut', 'a: b'), `--secret-file=${wrong}`], 1, /no empty line/],
  ]
  for (const [args, code, problem] of cases) {
    const answer = await gwh('verify', ...args)
    assert.equal(answer.code, code, answer.err)
    assert.match(answer.err, problem)
    assert.ok(!answer.err.includes('not-a-secret') && !answer.err.includes(v1Vectors[0].secret))
  }
})

test('what is exported for other commands is no matter, what no command knows is a mistake', async () => {
  const file = 'deploy/samples/minimal.yaml'
  const exported = gwhCommand({}, { GWH_KUBECONFIG: 'x', GWH_NAMESPACE: 'y', GWH_GOOGLE_BASE_URL: 'z' })
  assert.equal((await exported('validate', file)).code, 0)
  const misspelt = await gwhCommand({}, { GWH_KUBECONFG: 'x' })('validate', file)
  assert.deepEqual([misspelt.code, misspelt.err.includes('GWH_KUBECONFG')], [2, true])
})
