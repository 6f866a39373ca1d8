import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'

import type { Finding } from '../../../src/conformance/finding.ts'
import { judgeErrorShape } from '../../../src/conformance/questions/answers.ts'
import { judgeBatchOrder, judgeBatchStates } from '../../../src/conformance/questions/batch-list.ts'
import { judgeDynamicSigning, judgeMetadata } from '../../../src/conformance/questions/jobs.ts'
import { judgeTwin } from '../../../src/conformance/questions/limits.ts'
import { judgePing, judgeSignatures } from '../../../src/conformance/questions/ping-form.ts'
import { judgeSecretForm } from '../../../src/conformance/questions/secret-form.ts'
import { judgeOrder, judgeOverlap } from '../../../src/conformance/questions/secrets.ts'

const settings = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map(({ switch: name, setting }) => [name, setting]))

const secretsOf = (bytes: number, change = (text: string) => text) =>
  Array.from({ length: 14 }, () => `whsec_${change(randomBytes(bytes).toString('base64'))}`)

/** An entry over what `judged` receives below. */
function sign(secret: string): string {
  const key = Buffer.from(secret.slice(6), 'base64')
  return `v1,${createHmac('sha256', key).update('msg_1.1800000000.{}').digest('base64')}`
}
const metadataFound = (event: Record<string, unknown>) => Object.values(settings(judgeMetadata(event)))
const plain = (text: string) => text.replaceAll(/[+/]/g, 'a')
const at = (seconds: number) => ({ expire_time: new Date(1_800_000_000_000 + seconds * 1_000).toISOString() })
const many = (count: number) => [...Array.from({ length: count - 1 }, (_, nth) => at(nth)), {}]
const ping = (body: string, headers = {}) =>
  settings(judgePing({ headers: { 'webhook-signature': 'v1,a', ...headers }, body: Buffer.from(body) }, 'id-1'))

describe('the form of secrets', () => {
  test('padding shows where bytes need it, and never what is in a secret', () => {
    const secrets = secretsOf(32)
    const findings = judgeSecretForm(secrets)
    assert.deepEqual(settings(findings), { secretBytes: 32, secretPadding: 'padded', secretAlphabet: 'base64' })
    for (const secret of secrets) assert.ok(!JSON.stringify(findings).includes(secret.slice(6, 12)))
  })

  test('24 bytes need no padding, so that none says nothing', () => {
    assert.equal(settings(judgeSecretForm(secretsOf(24)))['secretPadding'], undefined)
  })

  test('few characters without + and / say nothing', () => {
    assert.equal(settings(judgeSecretForm(secretsOf(24, plain)))['secretAlphabet'], 'alphanumeric')
    assert.equal(settings(judgeSecretForm(secretsOf(24, plain).slice(0, 5)))['secretAlphabet'], undefined)
  })

  test('another prefix, another alphabet and another length are settings of none', () => {
    const strange = [['whsek_abcd'], [`whsec_${'-_'.repeat(20)}`], [...secretsOf(24), ...secretsOf(32)]]
    for (const secrets of strange)
      assert.deepEqual(Object.values(settings(judgeSecretForm(secrets))), [undefined, undefined, undefined])
    assert.equal(settings(judgeSecretForm(secretsOf(48)))['secretBytes'], undefined)
  })
})

describe('what rotations leave', () => {
  const cases = [
    { name: 'each expires in its time', afterTwo: [at(0), at(3), {}], atEnd: many(14), want: ['oldExpiryKept', 0] },
    { name: 'all expire as the last', afterTwo: [{}, at(3), at(3)], atEnd: many(14), want: ['oldExpiryRenewed', 0] },
    { name: 'at most five', afterTwo: [at(0), at(3), {}], atEnd: many(5), want: ['oldExpiryKept', 5] },
    { name: 'at most two', afterTwo: [at(3), {}], atEnd: many(2), want: ['oldestDropped', undefined] },
    { name: 'only one', afterTwo: [{}], atEnd: [{}], want: [undefined, 1] },
  ]
  for (const { name, afterTwo, atEnd, want } of cases) {
    test(name, () => {
      const found = settings(judgeOverlap({ afterTwo, atEnd, made: 14 }))
      assert.deepEqual([found['secondRotation'], found['maxSigningSecrets']], want)
    })
  }

  test('the current secret is the one that does not expire, wherever it stands', () => {
    assert.equal(judgeOrder([{}, at(0)]).setting, 'newestFirst')
    assert.equal(judgeOrder([at(0), {}]).setting, 'oldestFirst')
    for (const nothing of [[], [{}], [at(0), at(1)]]) assert.equal(judgeOrder(nothing).setting, undefined)
  })
})

describe('what a ping shows', () => {
  test('its type, its data, who sends it, and which entries sign it', () => {
    const agent = { 'user-agent': 'a/1' }
    assert.deepEqual(ping('{"type":"ping","data":{"id":"id-1"}}', agent), {
      pingType: 'ping',
      pingBody: 'envelopeWithId',
      userAgent: 'a/1',
      v1aOnStatic: 'absent',
    })
    assert.equal(ping('{"type":"ping","data":{}}')['pingBody'], 'envelope')
    assert.equal(ping('{}', { 'webhook-signature': 'v1,a v1a,b' })['v1aOnStatic'], 'added')
  })

  test('what nobody has thought of is a setting of none', () => {
    for (const body of ['', '[]', 'null', '{"data":1}', '{"type":1,"data":{"id":"other"}}']) {
      assert.deepEqual([ping(body)['pingType'], ping(body)['pingBody']], [undefined, undefined], body)
    }
  })

  test('the order of its signatures, by which secret made each', () => {
    const [old = '', fresh = ''] = secretsOf(32)
    const judged = (...entries: string[]) => {
      const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': '1800000000' }
      const arrival = { headers: { ...headers, 'webhook-signature': entries.join(' ') }, body: Buffer.from('{}') }
      return judgeSignatures(arrival, { old, fresh }).setting
    }
    assert.equal(judged(sign(old), sign(fresh)), 'oldNew')
    assert.equal(judged(sign(fresh), 'v1a,x', sign(old)), 'newOld')
    assert.equal(judged(sign(fresh)), 'newOnly')
    for (const entries of [[], [sign(old)], ['v1,AAAA']]) assert.equal(judged(...entries), undefined)
  })
})

describe('what events of jobs show', () => {
  test('where the metadata of a job is, and in which form', () => {
    const metadata = { mark: 1 }
    assert.deepEqual(metadataFound({ user_metadata: metadata }), ['topLevel', 'object'])
    assert.deepEqual(metadataFound({ data: { user_metadata: '{}' } }), ['dataSnake', 'string'])
    assert.deepEqual(metadataFound({ data: { userMetadata: metadata } }), ['dataCamel', 'object'])
    assert.deepEqual(metadataFound({ data: [] }), [undefined, undefined])
  })

  test('how they are signed', () => {
    assert.equal(judgeDynamicSigning('v1,a v1a,b').setting, 'v1a')
    assert.equal(judgeDynamicSigning('eyJ.eyJ.c-_2').setting, 'rs256Jwt')
    assert.equal(judgeDynamicSigning('v2,a').setting, undefined)
  })
})

test('refusals of other kinds than those known are a setting of none', () => {
  assert.equal(judgeTwin(403).setting, undefined)
  assert.deepEqual(
    [200, 400, 409].map((status) => judgeTwin(status).setting),
    ['allowed', 'badRequest', 'conflict'],
  )
  assert.equal(judgeErrorShape({ error: { code: 404 } }).setting, 'rpc')
  assert.equal(judgeErrorShape({ error: { code: 'not_found' } }).setting, 'interactions')
  for (const body of [{}, { error: 'no' }, { error: {} }]) assert.equal(judgeErrorShape(body).setting, undefined)
})

const batch = (state: string, createTime: string) => ({ metadata: { state, createTime } })

test('what a list of batches shows, where there are enough of them', () => {
  const [old, young] = [
    batch('JOB_STATE_FAILED', '2026-11-21T12:00:00Z'),
    batch('JOB_STATE_NEW', '2026-11-21T13:00:00Z'),
  ]
  assert.equal(judgeBatchOrder([young, old]).setting, 'newestFirst')
  assert.equal(judgeBatchOrder([old, young]).setting, 'oldestFirst')
  for (const few of [[], [old], [old, old], [{}, {}]]) assert.equal(judgeBatchOrder(few).setting, undefined)
  assert.equal(judgeBatchStates([old, young]).setting, 'jobState')
  assert.equal(judgeBatchStates([batch('BATCH_STATE_FAILED', '')]).setting, 'batchState')
  for (const odd of [[], [{}], [old, batch('DONE', '')]]) assert.equal(judgeBatchStates(odd).setting, undefined)
})
