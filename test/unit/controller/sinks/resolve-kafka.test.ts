import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resolveKafka } from '../../../../src/controller/sinks/resolve-kafka.ts'

const around = { kafkaPrefix: 'gwh.events', namespace: 'ml' }

test('a topic begins with the prefix of the installation and the namespace; placeholders are left to the receivers', () => {
  const resolved = resolveKafka({ topic: 'batches.{type}', key: '{subject}' }, 'spec.sinks[a].kafka', around)
  const value = { type: 'kafka', topic: 'gwh.events.ml.batches.{type}', key: '{subject}' }
  assert.deepEqual(resolved, { ok: true, value })
})

test('a sink without a key has none', () => {
  const resolved = resolveKafka({ topic: 'x' }, 'f', around)
  assert.deepEqual(resolved, { ok: true, value: { type: 'kafka', topic: 'gwh.events.ml.x' } })
})

const refused: Record<string, [sink: { topic: string; key?: string }, kafkaPrefix: string | undefined, RegExp]> = {
  'an installation without brokers': [
    { topic: 'x' },
    undefined,
    /^f: this installation has no Kafka brokers .*kafkaSinks/,
  ],
  'the topic of another namespace': [{ topic: '../other' }, 'gwh.events', /^f\.topic has something else/],
  'a wildcard': [{ topic: 'a.*' }, 'gwh.events', /^f\.topic has something else/],
  'a placeholder that is misspelled': [{ topic: 'x', key: '{sub}' }, 'gwh.events', /^f\.key has braces/],
  'a topic that is too long with what stands before it': [
    { topic: `${'x'.repeat(180)}.{name}.{type}` },
    'a'.repeat(64),
    /^f\.topic makes topics of 252 characters or more, .*Kafka takes 249: shorten it$/,
  ],
}

for (const [name, [sink, kafkaPrefix, message]] of Object.entries(refused)) {
  test(`refused: ${name}`, () => {
    const resolved = resolveKafka(sink, 'f', { ...around, kafkaPrefix })
    assert.ok(!resolved.ok)
    assert.match(resolved.problem.message, message)
    assert.equal(resolved.problem.reason, kafkaPrefix === undefined ? 'SinkUnsupported' : 'SinkInvalid')
  })
}
