import assert from 'node:assert/strict'
import { test } from 'node:test'

import { kafkaSinkProblems } from '../../../src/config/kafka-sink-settings.ts'

type Config = Parameters<typeof kafkaSinkProblems>[0]

const none: Config = {
  kafkaSinkBroker: [],
  kafkaSinkTls: false,
  kafkaSinkCa: undefined,
  kafkaSinkClientCert: undefined,
  kafkaSinkClientKey: undefined,
  kafkaSinkSasl: 'none',
  kafkaSinkUser: undefined,
  kafkaSinkPassword: undefined,
}
const brokers = { kafkaSinkBroker: ['kafka:9092'] }
const login = { kafkaSinkSasl: 'SCRAM-SHA-512', kafkaSinkUser: 'gwh', kafkaSinkPassword: '/password' } as const

for (const [name, given] of Object.entries<Partial<Config>>({
  'no Kafka sinks': {},
  'brokers for everybody': brokers,
  'a login without encryption that shows no password': { ...brokers, ...login },
  'a password as it is, encrypted': { ...brokers, ...login, kafkaSinkSasl: 'PLAIN', kafkaSinkTls: true },
  'authorities and a certificate': {
    ...brokers,
    kafkaSinkTls: true,
    kafkaSinkCa: '/ca',
    kafkaSinkClientCert: '/cert',
    kafkaSinkClientKey: '/key',
  },
})) {
  test(`fits together: ${name}`, () => assert.deepEqual(kafkaSinkProblems({ ...none, ...given }), []))
}

for (const [name, given, message] of [
  ['a login without brokers', login, /^kafkaSinkBroker: is needed/],
  ['authorities without encryption', { ...brokers, kafkaSinkCa: '/ca' }, /^kafkaSinkTls: must be true/],
  [
    'a certificate without its key',
    { ...brokers, kafkaSinkTls: true, kafkaSinkClientCert: '/cert' },
    /^kafkaSinkClientCert: and kafkaSinkClientKey belong together/,
  ],
  ['a login without a password', { ...brokers, ...login, kafkaSinkPassword: undefined }, /^kafkaSinkSasl: needs/],
  ['a user without a login', { ...brokers, kafkaSinkUser: 'gwh' }, /^kafkaSinkSasl: needs/],
  ['a password for all to read', { ...brokers, ...login, kafkaSinkSasl: 'PLAIN' }, /^kafkaSinkSasl: PLAIN without/],
] as const satisfies [string, Partial<Config>, RegExp][]) {
  test(`refused: ${name}`, () => {
    const problems = kafkaSinkProblems({ ...none, ...given })
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', message)
  })
}
