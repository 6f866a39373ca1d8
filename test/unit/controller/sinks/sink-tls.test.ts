import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sinkCredentialsSecretType } from '../../../../src/api/names.ts'
import { boundCredentials, openCredentials } from '../../../../src/controller/sinks/sink-credentials.ts'
import { blocksOf } from '../../../../src/controller/sinks/sink-tls.ts'

const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----']

test('certificates are found whatever stands around them, and no half ones', () => {
  const [one, two] = [`${begin}\nMA==\n${end}`, `${begin}\nMQ==\n${end}`]
  assert.deepEqual(blocksOf(`# first\n${one}\n${end} # second\n${two}\n${begin}\nMg==`), [one, two])
  assert.deepEqual(blocksOf(`${begin}${end}`), [])
  assert.deepEqual(blocksOf(''), [])
})

test('a text that begins certificates and ends none is read once, not once for each beginning', () => {
  const from = process.cpuUsage()
  assert.deepEqual(blocksOf(begin.repeat(38_000)), [])
  const { user } = process.cpuUsage(from)
  assert.ok(user < 2_000_000, `${user / 1000} ms`)
})

const secretOf = (bytes: number) => ({
  state: 'found' as const,
  value: {
    type: sinkCredentialsSecretType,
    metadata: { name: 'token' },
    data: { a: Buffer.alloc(bytes / 2).toString('base64'), b: Buffer.alloc(bytes / 2).toString('base64') },
  },
})

test('a Secret that holds more than sinks can use is not held, decoded or searched', () => {
  const fits = secretOf(64 * 1024)
  assert.equal(boundCredentials(fits), fits)
  const bounded = boundCredentials(secretOf(64 * 1024 + 2))
  assert.deepEqual(bounded, { state: 'tooLarge', name: 'token' })
  const opened = openCredentials(bounded)
  assert.match(opened.ok ? '' : opened.problem, /^Secret token holds more than 65536 bytes/)
})
