import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { mergePatch, strategicMergePatch, type ApiBody, type ApiClient } from './api-under-test.ts'
import { assertStatus } from './objects-contract.ts'

const core = '/api/v1/namespaces/default'

function configKeyText(key: string): string {
  return `Invalid value: "${key}": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`
}

export function secretsContract(client: () => ApiClient): void {
  const post = (more: object, query = '') => {
    const name = client().newName('secret')
    return client().call('POST', `${core}/secrets${query}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      ...more,
    })
  }
  const patch = ({ metadata }: ApiBody, body: object, options = mergePatch) =>
    client().call('PATCH', `${core}/secrets/${metadata?.name ?? ''}`, body, options)

  describe('Secrets', () => {
    test('turn stringData into data, and never give it back', async () => {
      const { body } = await post({ data: { a: 'aGk=' }, stringData: { b: 'x' } })
      assert.deepEqual(body.data, { a: 'aGk=', b: 'eA==' })
      assert.equal(body['stringData'], undefined)
      assert.equal(body.type, 'Opaque')
      const patched = await patch(body, { stringData: { b: 'yy', c: 'z' } }, strategicMergePatch)
      assert.deepEqual(patched.body.data, { a: 'aGk=', b: 'eXk=', c: 'eg==' })
      const removed = await patch(body, { data: { b: null } })
      assert.deepEqual(removed.body.data, { a: 'aGk=', c: 'eg==' })
      assert.equal(body.metadata?.generation, undefined, 'they count no generations')
    })

    test('refuse what is not base64, without a trace of it in the answer', async () => {
      const answer = await post({ data: { a: '%%%' } })
      assertStatus(
        answer,
        400,
        'BadRequest',
        'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
      )
      assert.ok(!answer.text.includes('%%%'))
    })

    test('refuse keys that cannot be file names, and a changed type', async () => {
      const { body } = await post({ type: 'x/y' })
      const name = body.metadata?.name ?? ''
      const key = await patch(body, { data: { 'a/b': 'aGk=' } })
      assertStatus(key, 422, 'Invalid', `Secret "${name}" is invalid: data[a/b]: ${configKeyText('a/b')}`)
      const type = await patch(body, { type: 'z/z' })
      assertStatus(type, 422, 'Invalid', `Secret "${name}" is invalid: type: Invalid value: "z/z": field is immutable`)
      const tls = await post({ type: 'kubernetes.io/tls' }, '?dryRun=All')
      assert.match(
        tls.body.message ?? '',
        /is invalid: \[data\[tls\.crt\]: Required value, data\[tls\.key\]: Required value\]$/,
      )
    })

    test('judge a rehearsal as the write itself, and store nothing', async () => {
      const { body } = await post({ data: { a: 'aGk=' } })
      const path = `${core}/secrets/${body.metadata?.name ?? ''}`
      const rehearse = (method: 'PUT' | 'PATCH', changes: object, options = {}) =>
        client().call(method, `${path}?dryRun=All`, changes, options)
      const replaced = await rehearse('PUT', { ...body, data: { a: 'eWVz' } })
      assert.equal(replaced.status, 200)
      assert.deepEqual(replaced.body.data, { a: 'eWVz' })
      const patched = await rehearse('PATCH', { data: { b: 'eWVz' } }, mergePatch)
      assert.deepEqual(patched.body.data, { a: 'aGk=', b: 'eWVz' })
      const stored = await client().call('GET', path)
      assert.deepEqual(stored.body.data, { a: 'aGk=' })
      assert.equal(stored.body.metadata?.resourceVersion, body.metadata?.resourceVersion)

      const created = await post({ data: { a: 'aGk=' } }, '?dryRun=All')
      assert.equal(created.status, 201)
      assert.deepEqual(created.body.data, { a: 'aGk=' })
      const again = await client().call('POST', `${core}/secrets?dryRun=All`, {
        ...body,
        metadata: { name: body.metadata?.name },
      })
      assert.equal(again.status, 409, 'a name that is taken is taken for a rehearsal too')

      const { body: fixed } = await patch(body, { immutable: true })
      const stale = await rehearse('PUT', { ...body, data: { a: 'eWVz' } })
      assert.equal(stale.status, 409, 'the lock holds')
      for (const answer of [
        await rehearse('PUT', { ...fixed, data: { a: 'eWVz' } }),
        await rehearse('PATCH', { data: { b: 'eWVz' } }, mergePatch),
      ]) {
        assert.equal(answer.status, 422)
        assert.match(answer.body.message ?? '', /data: Forbidden: field is immutable when `immutable` is set$/)
      }
      const labelled = await rehearse('PUT', { ...fixed, metadata: { ...fixed.metadata, labels: { team: 'ml' } } })
      assert.equal(labelled.status, 200, 'labels can be changed')
    })

    test('can be selected by name and type', async () => {
      const { body } = await post({ type: 'select/me' })
      const selector = encodeURIComponent(`metadata.name=${body.metadata?.name ?? ''},type=select/me`)
      const found = await client().call('GET', `/api/v1/secrets?fieldSelector=${selector}`)
      assert.deepEqual(
        found.body.items?.map(({ metadata }) => metadata?.name),
        [body.metadata?.name],
      )
      assert.equal(found.body.kind, 'SecretList')
    })

    test('can be replaced without a resourceVersion, or under its lock', async () => {
      const { body } = await post({ data: { a: 'aGk=' } })
      const { resourceVersion, ...unlocked } = body.metadata ?? {}
      const path = `${core}/secrets/${unlocked.name ?? ''}`
      const replaced = await client().call('PUT', path, { ...body, metadata: unlocked, data: { z: 'aGk=' } })
      assert.deepEqual([replaced.status, replaced.body.data], [200, { z: 'aGk=' }])
      const stale = await client().call('PUT', path, { ...body, metadata: { ...unlocked, resourceVersion } })
      assert.equal(stale.body.reason, 'Conflict')
    })
  })
}

export function configMapsContract(client: () => ApiClient): void {
  const post = (more: object, query = '') => {
    const name = client().newName('cm')
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more }
    return client().call('POST', `${core}/configmaps${query}`, object)
  }

  describe('ConfigMaps', () => {
    test('refuse unknown fields strictly, wrong types and bad keys', async () => {
      const unknown = await post({ zork: 1 }, '?fieldValidation=Strict')
      assertStatus(
        unknown,
        400,
        'BadRequest',
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "zork"',
      )
      const typed = await post({ data: { a: 1 } })
      assertStatus(
        typed,
        400,
        'BadRequest',
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
      )
      const key = await post({ data: { 'a b': '1' } })
      assert.equal(key.body.details?.causes?.[0]?.message, configKeyText('a b'))
    })

    test('stay as they are once immutable', async () => {
      const { body } = await post({ data: { a: '1' }, immutable: true })
      const path = `${core}/configmaps/${body.metadata?.name ?? ''}`
      for (const [change, field] of [
        [{ data: { a: '2' } }, 'data'],
        [{ immutable: false }, 'immutable'],
      ] as const) {
        const { body: refusal } = await client().call('PATCH', path, change, mergePatch)
        assert.deepEqual(refusal.details?.causes, [
          { reason: 'FieldValueForbidden', message: 'Forbidden: field is immutable when `immutable` is set', field },
        ])
      }
    })

    test('merge by merge patch, key by key', async () => {
      const { body } = await post({ data: { a: '1', b: '2' } })
      const path = `${core}/configmaps/${body.metadata?.name ?? ''}`
      const patched = await client().call('PATCH', path, { data: { a: null, c: '3' } }, mergePatch)
      assert.deepEqual(patched.body.data, { b: '2', c: '3' })
    })
  })
}
