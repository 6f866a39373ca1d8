import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { jsonPatch, mergePatch, strategicMergePatch, type ApiClient } from './api-under-test.ts'
import { assertStatus, createWidget } from './objects-contract.ts'
import { widgetsPath } from './widget.ts'

export function patchContract(client: () => ApiClient): void {
  const patch = (name: string, body: unknown, options: { contentType: string }, query = '') =>
    client().call('PATCH', `${widgetsPath}/${name}${query}`, body, options)

  describe('patching', () => {
    test('a merge patch sets, replaces lists and removes with null', async () => {
      const { name } = await createWidget(client(), { size: 5, tags: ['a', 'b'], url: 'https://x' })
      const { status, body } = await patch(name, { spec: { tags: ['c'], url: null, size: 6 } }, mergePatch)
      assert.equal(status, 200)
      assert.deepEqual(body.spec, { size: 6, tags: ['c'], defaulted: 'yes' })
      assert.equal(body.metadata?.generation, 2)
    })

    test('a JSON patch applies all of its operations or none', async () => {
      const { name } = await createWidget(client(), { size: 6, tags: ['a'] })
      const operations = [
        { op: 'test', path: '/spec/size', value: 6 },
        { op: 'replace', path: '/spec/size', value: 7 },
        { op: 'add', path: '/spec/tags/-', value: 'b' },
        { op: 'copy', from: '/spec/tags/0', path: '/spec/externalID' },
        { op: 'move', from: '/spec/externalID', path: '/spec/nothing' },
        { op: 'remove', path: '/spec/tags/0' },
      ]
      const { status, body, text } = await patch(name, operations, jsonPatch)
      assert.equal(status, 200, text)
      assert.deepEqual(body.spec, { size: 7, tags: ['b'], nothing: 'a', defaulted: 'yes' })
      const message = 'the server rejected our request due to an error in our request'
      for (const failing of [
        { op: 'test', path: '/spec/size', value: 99 },
        { op: 'remove', path: '/spec/absent' },
        { op: 'frob', path: '/spec/size' },
      ]) {
        const answer = await patch(name, [{ op: 'replace', path: '/spec/size', value: 8 }, failing], jsonPatch)
        assertStatus(answer, 422, 'Invalid', message)
      }
      assert.equal((await client().call('GET', `${widgetsPath}/${name}`)).body.spec?.['size'], 7)
    })

    test('refuses patches that cannot be read', async () => {
      const { name } = await createWidget(client())
      const cases = [
        [{ a: 1 }, jsonPatch, 'json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
        [[1], mergePatch, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
        ['{', mergePatch, 'unexpected end of JSON input'],
      ] as const
      for (const [body, options, problem] of cases) {
        assertStatus(await patch(name, body, options), 400, 'BadRequest', `error decoding patch: ${problem}`)
      }
    })

    test('custom resources take no strategic merge patch and no plain JSON', async () => {
      const { name } = await createWidget(client())
      for (const options of [strategicMergePatch, { contentType: 'application/json' }]) {
        const { status, body } = await patch(name, { spec: { size: 8 } }, options)
        assert.equal(status, 415)
        assert.equal(body.reason, 'UnsupportedMediaType')
        assert.match(
          body.message ?? '',
          /accepted media types include: application\/json-patch\+json, application\/merge-patch\+json/,
        )
      }
    })

    test('a resourceVersion in a patch is a lock', async () => {
      const { name, object } = await createWidget(client())
      const { resourceVersion } = object.metadata ?? {}
      assert.equal((await patch(name, { metadata: { resourceVersion }, spec: { size: 6 } }, mergePatch)).status, 200)
      const message = `Operation cannot be fulfilled on widgets.example.com "${name}": the object has been modified; please apply your changes to the latest version and try again`
      const stale = await patch(name, { metadata: { resourceVersion }, spec: { size: 7 } }, mergePatch)
      assertStatus(stale, 409, 'Conflict', message)
    })

    test('cannot change who the object is', async () => {
      const { name } = await createWidget(client())
      assertStatus(
        await patch(name, { metadata: { uid: 'nope' } }, mergePatch),
        422,
        'Invalid',
        `Widget.example.com "${name}" is invalid: metadata.uid: Invalid value: "nope": field is immutable`,
      )
      assertStatus(
        await patch(name, { metadata: { name: 'b' } }, mergePatch),
        400,
        'BadRequest',
        `the name of the object (b) does not match the name on the URL (${name})`,
      )
      assertStatus(
        await patch(name, { metadata: { namespace: 'b' } }, mergePatch),
        400,
        'BadRequest',
        'the namespace of the provided object does not match the namespace sent on the request',
      )
      assertStatus(await patch('missing', {}, mergePatch), 404, 'NotFound', 'widgets.example.com "missing" not found')
    })

    test('fieldValidation=Strict refuses unknown fields as an invalid patch', async () => {
      const { name } = await createWidget(client())
      const { status, body } = await patch(name, { spec: { zork: 8 } }, mergePatch, '?fieldValidation=Strict')
      assert.equal(status, 422)
      assert.equal(body.reason, 'Invalid')
      assert.ok(body.message?.endsWith('strict decoding error: unknown field "spec.zork"'), body.message)
    })
  })
}
