import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SinkSpec } from '../../../../src/api/sink.ts'
import { resolveSinks } from '../../../../src/controller/sinks/resolve-sinks.ts'

const body = '{"text": "%s: %s".format([event.deadlettersink, event.deadletterreason])}'

function resolve(deadLetter: NonNullable<SinkSpec['deadLetter']>, given: Partial<SinkSpec> = {}) {
  return resolveSinks([{ name: 'worker', uri: 'https://worker.example/', ...given, deadLetter }], {
    namespace: 'ml',
    clusterDomain: undefined,
    natsPrefix: 'gwh.events',
    kafkaPrefix: 'gwh.events',
    services: new Map(),
    allowForeign: false,
    addressableNamespaces: [],
    areServicesWatched: true,
    credentials: new Map(),
    addressables: new Map(),
    known: [],
  })
}

const destinations: SinkSpec['deadLetter'][] = [
  { uri: 'https://dead.example/' },
  { nats: { subject: 'dead' } },
  { kafka: { topic: 'dead' } },
]
for (const destination of destinations) {
  test(`the transform of a dead letter destination is handed on with nothing left open: ${JSON.stringify(destination)}`, () => {
    const { resolved, problem, held } = resolve({ ...destination, transform: { body } })
    assert.deepEqual([problem, held], [undefined, []])
    const want = { body, contentType: 'application/json', method: 'POST', headers: {} }
    assert.deepEqual([resolved[0]?.deadLetterTransform, resolved[0]?.transform], [want, undefined])
  })
}

test('the format of the sink is no obstacle: it says how the sink itself gets its events', () => {
  const { problem } = resolve({ uri: 'https://dead.example/', transform: { body } }, { format: 'CloudEventStructured' })
  assert.equal(problem, undefined)
})

test('without one, the entry has no key of that name', () => {
  const { resolved } = resolve({ uri: 'https://dead.example/' }, { transform: { body: 'event.id' } })
  assert.equal(Object.hasOwn(resolved[0] ?? {}, 'deadLetterTransform'), false)
})

const wrong: { why: string; deadLetter: SinkSpec['deadLetter']; message: RegExp }[] = [
  {
    why: 'its expression names what no event has',
    deadLetter: { uri: 'https://d.example/', transform: { body: 'event.deadletter' } },
    message: /^spec\.sinks\[worker\]\.deadLetter\.transform\.body does not compile: No such key.*: correct it$/,
  },
  {
    why: 'its expression yields no text where one is asked for',
    deadLetter: {
      uri: 'https://d.example/',
      transform: { body: 'event.deadletterattempts', contentType: 'text/plain' },
    },
    message: /^spec\.sinks\[worker\]\.deadLetter\.transform\.body yields int, not a string/,
  },
  {
    why: 'a header decides what a delivery is',
    deadLetter: { uri: 'https://d.example/', transform: { body, headers: { host: 'secret' } } },
    message:
      /^spec\.sinks\[worker\]\.deadLetter\.transform\.headers: key "host" may not be sent as a header: remove it$/,
  },
  {
    why: 'there is no body',
    deadLetter: { kubernetesEvent: {}, transform: { body } },
    message: /^spec\.sinks\[worker\]\.deadLetter\.transform: a Kubernetes Event has no body/,
  },
]
for (const { why, deadLetter, message } of wrong) {
  test(`a sink is held where of the transform of its dead letters ${why}`, () => {
    const { resolved, held, problem } = resolve(deadLetter ?? assert.fail())
    assert.deepEqual([resolved, held, problem?.reason], [[], ['worker'], 'SinkInvalid'])
    assert.match(problem?.message ?? '', message)
    assert.doesNotMatch(problem?.message ?? '', /secret/)
  })
}
