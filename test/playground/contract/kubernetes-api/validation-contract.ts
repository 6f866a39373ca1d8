import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { mergePatch, type ApiClient } from './api-under-test.ts'
import { assertStatus, createWidget } from './objects-contract.ts'
import { aWidget, widgetsPath } from './widget.ts'

const notChecked =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'
/** The error stops the rules from being run, and the server says so. */
const blocks = (text: string) => `[${text}, ${notChecked}]`
const typeText = (field: string, wanted: string, actual: string) =>
  `${field}: Invalid value: "${actual}": ${field} in body must be of type ${wanted}: "${actual}"`

interface SchemaCase {
  name: string
  spec: unknown
  says: string
  reason?: string
}

const cases: SchemaCase[] = [
  { name: 'a missing field', spec: {}, says: blocks('spec.size: Required value'), reason: 'FieldValueRequired' },
  { name: 'a missing spec', spec: null, says: blocks('spec: Required value'), reason: 'FieldValueRequired' },
  {
    name: 'a string for an integer',
    spec: { size: 'x' },
    says: blocks(typeText('spec.size', 'integer', 'string')),
    reason: 'FieldValueTypeInvalid',
  },
  {
    name: 'a string for a number',
    spec: { size: 1, ratio: 'x' },
    says: blocks(typeText('spec.ratio', 'number', 'string')),
  },
  {
    name: 'a string for a boolean',
    spec: { size: 1, enabled: 'yes' },
    says: blocks(typeText('spec.enabled', 'boolean', 'string')),
  },
  { name: 'a string for a list', spec: { size: 1, tags: 'x' }, says: blocks(typeText('spec.tags', 'array', 'string')) },
  {
    name: 'an object for a list',
    spec: { size: 1, parts: {} },
    says: blocks(typeText('spec.parts', 'array', 'object')),
  },
  {
    name: 'an integer in a map of strings',
    spec: { size: 1, labels: { a: 1 } },
    says: blocks(typeText('spec.labels.a', 'string', 'integer')),
  },
  {
    name: 'a boolean for an int-or-string',
    spec: { size: 1, port: true },
    says: blocks(typeText('spec.port', 'integer,string', 'boolean')),
  },
  {
    name: 'a fraction for an integer',
    spec: { size: 1.5 },
    says: `[${typeText('spec.size', 'integer', 'number')}, <nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.size, ${notChecked}]`,
  },
  {
    name: 'a number below the minimum',
    spec: { size: 0 },
    says: 'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    reason: 'FieldValueInvalid',
  },
  {
    name: 'a number above the maximum',
    spec: { size: 1001, url: 'https://a' },
    says: 'spec.size: Invalid value: 1001: spec.size in body should be less than or equal to 1000',
  },
  {
    name: 'a string against its pattern',
    spec: { size: 1, url: 'http://x' },
    says: `spec.url: Invalid value: "http://x": spec.url in body should match '^https://[a-z.]+$'`,
  },
  {
    name: 'a string that is too long',
    spec: { size: 1, url: `https://${'a'.repeat(50)}` },
    says: blocks('spec.url: Too long: may not be more than 40 bytes'),
    reason: 'FieldValueTooLong',
  },
  {
    name: 'a string that is too short',
    spec: { size: 1, externalID: '' },
    says: 'spec.externalID: Invalid value: "": spec.externalID in body should be at least 1 chars long',
  },
  {
    name: 'a value outside an enum',
    spec: { size: 1, state: 'Foo' },
    says: blocks('spec.state: Unsupported value: "Foo": supported values: "Enabled", "Disabled"'),
    reason: 'FieldValueNotSupported',
  },
  {
    name: 'a date that is none',
    spec: { size: 1, since: 'yesterday' },
    says: blocks('spec.since: Invalid value: "yesterday": spec.since in body must be of type date-time: "yesterday"'),
  },
  {
    name: 'too few items',
    spec: { size: 1, tags: [] },
    says: 'spec.tags: Invalid value: 0: spec.tags in body should have at least 1 items',
  },
  {
    name: 'too many items',
    spec: { size: 1, tags: ['a', 'b', 'c', 'd', 'e'] },
    says: blocks('spec.tags: Too many: 5: must have at most 4 items'),
    reason: 'FieldValueTooMany',
  },
  {
    name: 'too many entries of a map',
    spec: { size: 1, labels: { a: '1', b: '2', c: '3' } },
    says: blocks('spec.labels: Too many: 3: must have at most 2 items'),
  },
  {
    name: 'a duplicate in a set',
    spec: { size: 1, tags: ['a', 'b', 'a'] },
    says: 'spec.tags[2]: Duplicate value: "a"',
    reason: 'FieldValueDuplicate',
  },
  {
    name: 'a duplicate key in a map list',
    spec: {
      size: 1,
      parts: [
        { name: 'a', left: 'x' },
        { name: 'a', left: 'x' },
      ],
    },
    says: 'spec.parts[1]: Duplicate value: {"name":"a"}',
  },
  {
    name: 'a missing field of an item',
    spec: { size: 1, parts: [{ left: 'x' }] },
    says: blocks('spec.parts[0].name: Required value'),
  },
  {
    name: 'a rule with a message expression',
    spec: { size: 200 },
    says: 'spec: Invalid value: a big widget needs a url',
  },
  {
    name: 'a message expression that looks at the object',
    spec: { size: 200, state: 'Enabled' },
    says: 'spec: Invalid value: a big widget needs a url in any state',
  },
  {
    name: 'a rule without a message',
    spec: { size: 2, minimum: 3 },
    says: 'spec: Invalid value: failed rule: !has(self.minimum) || self.minimum <= self.size',
  },
  {
    name: 'a rule that fails to run',
    spec: { size: 13 },
    says: 'spec: Invalid value: "object": no such key: url evaluating rule: thirteen needs a long url',
  },
  {
    name: 'a rule with the reason duplicate',
    spec: { size: 14 },
    says: 'spec: Duplicate value',
    reason: 'FieldValueDuplicate',
  },
  {
    name: 'a rule with the reason required',
    spec: { size: 15 },
    says: 'spec: Required value: fifteen needs thought',
    reason: 'FieldValueRequired',
  },
  {
    name: 'a rule of list items, once for each',
    spec: { size: 1, parts: [{ name: 'a' }, { name: 'b', left: 'x', right: {} }] },
    says: '[spec.parts[0]: Invalid value: exactly one of left or right must be set, spec.parts[1]: Invalid value: exactly one of left or right must be set]',
  },
]

export function validationContract(client: () => ApiClient): void {
  describe('validation by a schema', () => {
    for (const { name, spec, says, reason } of cases) {
      test(`refuses ${name} in a real server's words`, async () => {
        const answer = await client().call('POST', `${widgetsPath}?dryRun=All`, aWidget('v', spec))
        assertStatus(answer, 422, 'Invalid', `Widget.example.com "v" is invalid: ${says}`)
        assert.deepEqual([answer.body.details?.['group'], answer.body.details?.['kind']], ['example.com', 'Widget'])
        if (reason !== undefined) assert.equal(answer.body.details?.causes?.[0]?.reason, reason)
      })
    }

    test('says of a root rule that the whole object is wrong', async () => {
      const answer = await client().call('POST', `${widgetsPath}?dryRun=All`, aWidget('v.x'))
      const message =
        'Widget.example.com "v.x" is invalid: <nil>: Invalid value: metadata.name must be at most 20 characters without dots'
      assertStatus(answer, 422, 'Invalid', message)
    })

    test('checks names and labels', async () => {
      const bad = await client().call('POST', widgetsPath, aWidget('Bad_Name'))
      assert.match(
        bad.body.message ?? '',
        /^Widget\.example\.com "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of /,
      )
      const nameless = await client().call('POST', widgetsPath, aWidget(''))
      assertStatus(
        nameless,
        422,
        'Invalid',
        `Widget.example.com "" is invalid: ${blocks('metadata.name: Required value: name or generateName is required')}`,
      )
      const labelled = await client().call(
        'POST',
        `${widgetsPath}?dryRun=All`,
        aWidget('v', { size: 1 }, { labels: { 'a b': 'c d' } }),
      )
      assert.deepEqual(
        labelled.body.details?.causes?.map(({ field, reason }) => [field, reason]),
        [
          ['metadata.labels', 'FieldValueInvalid'],
          ['metadata.labels', 'FieldValueInvalid'],
        ],
      )
      const numbered = await client().call(
        'POST',
        `${widgetsPath}?dryRun=All`,
        aWidget('v', { size: 1 }, { labels: { a: 1 } }),
      )
      assertStatus(
        numbered,
        400,
        'BadRequest',
        'Widget in version "v1alpha1" cannot be handled as a Widget: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
      )
    })

    test('drops null where null is not allowed, keeps it where it is, and fills in defaults', async () => {
      const { body } = await client().call(
        'POST',
        `${widgetsPath}?dryRun=All`,
        aWidget('v', { size: 1, nothing: null, url: null, free: { a: { b: null } } }),
      )
      assert.deepEqual(body.spec, { size: 1, nothing: null, defaulted: 'yes', free: { a: { b: null } } })
    })

    test('an update is judged in the same words, and only where it changed something', async () => {
      const { name } = await createWidget(client(), { size: 5, parts: [{ name: 'p', left: 'x' }] })
      const patch = (body: object, subresource = '') =>
        client().call('PATCH', `${widgetsPath}/${name}${subresource}`, body, mergePatch)
      const prefix = `Widget.example.com "${name}" is invalid: `
      const small = await patch({ spec: { size: 0 } })
      assertStatus(
        small,
        422,
        'Invalid',
        `${prefix}spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1`,
      )
      const long = await patch({ spec: { parts: [{ name: 'p', left: 'x'.repeat(30) }] } })
      assertStatus(
        long,
        422,
        'Invalid',
        `${prefix}${blocks('spec.parts[0].left: Too long: may not be more than 20 bytes')}`,
      )
      const status = await patch({ status: { observedGeneration: 'x' } }, '/status')
      assertStatus(
        status,
        422,
        'Invalid',
        `${prefix}${blocks('status.observedGeneration: Invalid value: "string": observedGeneration in body must be of type integer: "string"')}`,
      )
      const condition = await patch({ status: { conditions: [{ type: 'R' }] } }, '/status')
      assertStatus(condition, 422, 'Invalid', `${prefix}${blocks('status.conditions[0].status: Required value')}`)
    })

    test('a transition rule holds against change, removal, and removal followed by addition', async () => {
      const { name } = await createWidget(client())
      const set = (externalID: string | null) =>
        client().call('PATCH', `${widgetsPath}/${name}`, { spec: { externalID } }, mergePatch)
      const message = `Widget.example.com "${name}" is invalid: spec.externalID: Forbidden: externalID cannot change or be removed once set`
      assert.equal((await set('e1')).status, 200, 'set later')
      assertStatus(await set('e2'), 422, 'Invalid', message)
      assertStatus(await set(null), 422, 'Invalid', message)
      assert.equal((await set('e1')).status, 200, 'unchanged')
    })
  })

  describe('fields that the schema does not know', () => {
    const unknown = { ...aWidget('v', { size: 1, zork: 1, parts: [{ name: 'a', left: 'b', q: 1 }] }), extra: 1 }
    const post = (query: string) => client().call('POST', `${widgetsPath}?dryRun=All${query}`, unknown)

    test('are dropped, with a warning unless the client ignores them', async () => {
      const warned = await post('&fieldValidation=Warn')
      assert.deepEqual(warned.body.spec, { size: 1, parts: [{ name: 'a', left: 'b' }], defaulted: 'yes' })
      for (const field of ['extra', 'spec.parts[0].q', 'spec.zork']) {
        assert.ok(warned.warning.includes(String.raw`299 - "unknown field \"${field}\""`), warned.warning)
      }
      const ignored = await post('&fieldValidation=Ignore')
      assert.deepEqual([ignored.status, ignored.warning, ignored.body['extra']], [201, '', undefined])
    })

    test('are refused with fieldValidation=Strict', async () => {
      const message =
        'Widget in version "v1alpha1" cannot be handled as a Widget: strict decoding error: unknown field "extra", unknown field "spec.parts[0].q", unknown field "spec.zork"'
      assertStatus(await post('&fieldValidation=Strict'), 400, 'BadRequest', message)
      const metadata = await client().call(
        'POST',
        `${widgetsPath}?dryRun=All&fieldValidation=Strict`,
        aWidget('v', { size: 1 }, { zork: 1 }),
      )
      assert.ok(metadata.body.message?.endsWith('strict decoding error: unknown field "metadata.zork"'))
    })

    test('are kept where the schema says so', async () => {
      const free = { a: { b: 1 }, list: [1, 'x'] }
      const { body } = await client().call(
        'POST',
        `${widgetsPath}?dryRun=All&fieldValidation=Strict`,
        aWidget('v', { size: 1, free }),
      )
      assert.deepEqual(body.spec?.['free'], free)
    })

    test('a way of validation that does not exist is refused', async () => {
      const message =
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Nope": supported values: "", "Ignore", "Strict", "Warn"'
      assertStatus(await post('&fieldValidation=Nope'), 422, 'Invalid', message)
    })
  })
}
