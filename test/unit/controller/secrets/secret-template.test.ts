import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { appliedKeysAnnotation } from '../../../../src/api/names.ts'
import type { SecretTemplate, SecretTemplateKey } from '../../../../src/api/secret-template.ts'
import {
  followsTemplate,
  foreignData,
  templateData,
  templateRecord,
} from '../../../../src/controller/secrets/secret-template.ts'

const raw = Buffer.from('0123456789abcdef0123456789abcdef')
const current = `whsec_${raw.toString('base64')}`
const previous = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const both = { current, previous }
const encode = (text: string) => Buffer.from(text, 'utf8').toString('base64')
const decode = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString('utf8')

const formats: { given: Omit<SecretTemplateKey, 'key'>; secrets?: Partial<typeof both>; want: string | undefined }[] = [
  { given: {}, want: current },
  { given: { format: 'Text', secret: 'Previous' }, want: previous },
  { given: { format: 'Base64' }, want: raw.toString('base64') },
  { given: { format: 'Base64', secret: 'Previous' }, want: Buffer.alloc(32, 7).toString('base64') },
  { given: { format: 'DotEnv', variable: 'SECRET' }, want: `SECRET=${current}\n` },
  { given: { format: 'DotEnv', variable: 'OLD', secret: 'Previous' }, want: `OLD=${previous}\n` },
  { given: { format: 'JSON' }, want: `{"signingSecret":"${current}","previousSigningSecret":"${previous}"}` },
  { given: { format: 'JSON' }, secrets: { current }, want: `{"signingSecret":"${current}"}` },
  { given: { format: 'Text', secret: 'Previous' }, secrets: { current }, want: undefined },
  { given: { format: 'Base64', secret: 'Previous' }, secrets: { current }, want: undefined },
  { given: {}, secrets: {}, want: undefined },
]

for (const { given, secrets = both, want } of formats) {
  const held = Object.keys(secrets).join(' and ') || 'nothing'
  test(`a key with ${JSON.stringify(given)}, of ${held}: ${want === undefined ? 'none' : 'its text'}`, () => {
    const data = templateData({ keys: [{ key: 'k', ...given }] }, secrets)
    assert.deepEqual(data, want === undefined ? {} : { k: encode(want) })
  })
}

test('the raw key is what follows the prefix, whichever Google writes', () => {
  const keys = [{ key: 'k', format: 'Base64' } as const]
  for (const prefix of ['gsec_', 'whsec_v2_', 'whsec_']) {
    const data = templateData({ keys }, { current: `${prefix}${raw.toString('base64')}` })
    assert.equal(decode(data['k']), raw.toString('base64'), prefix)
  }
})

test('the raw key is padded as the standard has it, though Google left the padding out', () => {
  const unpadded = current.replace(/=+$/, '')
  assert.notEqual(unpadded, current)
  const data = templateData({ keys: [{ key: 'k', format: 'Base64' }] }, { current: unpadded })
  assert.equal(decode(data['k']), raw.toString('base64'))
})

test('a secret that a format cannot hold leaves its key out, and the others are written', () => {
  const keys: SecretTemplateKey[] = [
    { key: 'text' },
    { key: 'raw', format: 'Base64' },
    { key: 'env', format: 'DotEnv', variable: 'SECRET' },
    { key: 'json', format: 'JSON' },
  ]
  const odd = 'whsec_with "quotes"\nOTHER=1'
  const data = templateData({ keys }, { current: odd })
  assert.deepEqual(Object.keys(data), ['text', 'json'])
  assert.deepEqual(JSON.parse(decode(data['json'])), { signingSecret: odd })
})

test('the record names the keys, those that are left out for now as well, in an order of its own', () => {
  const template: SecretTemplate = { keys: [{ key: 'b', secret: 'Previous' }, { key: '.env' }, { key: 'A' }] }
  assert.deepEqual(templateRecord(template), { [appliedKeysAnnotation]: '.env,A,b' })
  assert.deepEqual(templateRecord(undefined), {})
})

/** The next write, as the action makes it. */
function written(template: SecretTemplate | undefined, secrets: typeof both | { current: string }, before: Actual) {
  const otherData = { ...foreignData(before), ...templateData(template, secrets) }
  const { [appliedKeysAnnotation]: _, ...others } = before.annotations
  return { secrets, otherData, annotations: { ...others, ...templateRecord(template) } }
}

type Actual = Parameters<typeof foreignData>[0]
const untouched: Actual = { secrets: both, otherData: { theirs: encode('x') }, annotations: { note: 'seen' } }

test('what the template drops is removed, and what others put there stays', () => {
  const two = written({ keys: [{ key: 'a' }, { key: 'b' }] }, both, untouched)
  assert.deepEqual(Object.keys(two.otherData), ['theirs', 'a', 'b'])
  assert.ok(!followsTemplate({ keys: [{ key: 'b' }] }, two), 'the removal is seen')
  const one = written({ keys: [{ key: 'b' }] }, both, two)
  assert.deepEqual(Object.keys(one.otherData), ['theirs', 'b'])
  assert.ok(!followsTemplate(undefined, one))
  assert.deepEqual(written(undefined, both, one), untouched)
})

test('a key of others that the template names is replaced, and is then the template’s', () => {
  const taken = written({ keys: [{ key: 'theirs' }] }, both, untouched)
  assert.equal(decode(taken.otherData['theirs']), current)
  assert.deepEqual(written(undefined, both, taken).otherData, {})
})

test('a record that was edited by hand removes nothing, and is written again', () => {
  const template: SecretTemplate = { keys: [{ key: 'a' }] }
  const right = written(template, both, untouched)
  for (const record of ['', ',', 'b', '{"a":1}']) {
    const edited = { ...right, annotations: { ...right.annotations, [appliedKeysAnnotation]: record } }
    assert.ok(!followsTemplate(template, edited), record)
    assert.deepEqual(written(template, both, edited), right)
  }
})

const entries = fc.record(
  {
    key: fc.constantFrom('a', 'b', '.env', 'c.json', 'D_E'),
    format: fc.constantFrom('Text' as const, 'Base64' as const, 'DotEnv' as const, 'JSON' as const),
    secret: fc.constantFrom('Current' as const, 'Previous' as const),
    variable: fc.constant('SECRET'),
  },
  { requiredKeys: ['key'] },
)
const templates = fc.option(
  fc.record({ keys: fc.uniqueArray(entries, { selector: ({ key }) => key, minLength: 1 }) }),
  { nil: undefined },
)
const held = fc.constantFrom({ current }, both, { current: previous })

test('property: one write is enough, whatever template and secrets were there before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(templates, held), { minLength: 1, maxLength: 4 }), (steps) => {
      const last = steps.reduce<Actual>((before, [template, secrets]) => {
        const next = written(template, secrets, before)
        assert.ok(followsTemplate(template, next))
        return next
      }, untouched)
      const named = new Set<string>(steps.at(-1)?.[0]?.keys.map(({ key }) => key))
      assert.ok(Object.keys(last.otherData).every((key) => key === 'theirs' || named.has(key)))
      assert.equal(last.otherData['theirs'], encode('x'))
    }),
  )
})
