import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { mergePatch, type Answer, type ApiBody, type ApiClient } from './api-under-test.ts'
import { aWidget, widgetsPath } from './widget.ts'

const otherFinalizer = 'example.com/other'
const finalizer = 'example.com/held'

export function objectsContract(client: () => ApiClient): void {
  const create = (spec: unknown = { size: 5 }, metadata: object = {}) => createWidget(client(), spec, metadata)
  const put = (object: ApiBody, subresource = '') =>
    client().call('PUT', `${widgetsPath}/${object.metadata?.name ?? ''}${subresource}`, object)
  const patch = (name: string, body: unknown, subresource = '') =>
    client().call('PATCH', `${widgetsPath}/${name}${subresource}`, body, mergePatch)

  describe('creating', () => {
    test('answers with what the server filled in', async () => {
      const { name, object } = await create({ size: 5 }, { labels: { a: 'b' } })
      const { uid = '', resourceVersion = '', creationTimestamp = '', ...metadata } = object.metadata ?? {}
      assert.match(uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.match(resourceVersion, /^\d+$/)
      assert.match(creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.equal(metadata.generation, 1)
      assert.equal(metadata.namespace, 'default')
      assert.deepEqual(metadata.labels, { a: 'b' })
      assert.deepEqual(object.spec, { size: 5, defaulted: 'yes' })
      assert.equal(object.kind, 'Widget')
      assert.deepEqual((await client().call('GET', `${widgetsPath}/${name}`)).body.spec, object.spec)
    })

    test('drops a status: that is for the status subresource', async () => {
      const name = client().newName()
      const sent = { ...aWidget(name), status: { observedGeneration: 7 } }
      const { body } = await client().call('POST', widgetsPath, sent)
      assert.equal(body.status, undefined)
    })

    test('generates a name that begins with generateName', async () => {
      const sent = { ...aWidget(''), metadata: { generateName: 'gen-' } }
      const { status, body } = await client().call('POST', widgetsPath, sent)
      assert.equal(status, 201)
      assert.match(body.metadata?.name ?? '', /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    })

    test('stores nothing on a dry run', async () => {
      const name = client().newName()
      const { status, body } = await client().call('POST', `${widgetsPath}?dryRun=All`, aWidget(name))
      assert.equal(status, 201)
      assert.equal(body.metadata?.resourceVersion, undefined)
      assert.equal((await client().call('GET', `${widgetsPath}/${name}`)).status, 404)
    })

    test('refuses a second object of the same name', async () => {
      const { name } = await create()
      const answer = await client().call('POST', widgetsPath, aWidget(name))
      assertStatus(answer, 409, 'AlreadyExists', `widgets.example.com "${name}" already exists`)
      assert.deepEqual(answer.body.details, { name, group: 'example.com', kind: 'widgets' })
    })

    test('refuses a namespace that does not exist', async () => {
      const answer = await client().call('POST', widgetsPath.replace('default', 'nonsuch'), aWidget('a'))
      assertStatus(answer, 404, 'NotFound', 'namespaces "nonsuch" not found')
      assert.deepEqual(answer.body.details, { name: 'nonsuch', kind: 'namespaces' })
    })

    test('refuses an object that says another namespace than the URL', async () => {
      const answer = await client().call('POST', widgetsPath, aWidget('a', { size: 5 }, { namespace: 'kube-system' }))
      const message = 'the namespace of the provided object does not match the namespace sent on the request'
      assertStatus(answer, 400, 'BadRequest', message)
    })

    test('refuses another kind, another version and a resourceVersion', async () => {
      const kind = await client().call('POST', widgetsPath, { ...aWidget('b'), kind: 'Gadget' })
      assertStatus(
        kind,
        422,
        'Invalid',
        'Gadget.example.com "b" is invalid: kind: Invalid value: "Gadget": must be Widget',
      )
      const version = await client().call('POST', widgetsPath, { ...aWidget('b'), apiVersion: 'v1' })
      const message = 'the API version in the data (v1) does not match the expected API version (example.com/v1alpha1)'
      assertStatus(version, 400, 'BadRequest', message)
      const stamped = await client().call('POST', widgetsPath, aWidget('b', { size: 5 }, { resourceVersion: '1' }))
      assertStatus(stamped, 500, undefined, 'resourceVersion should not be set on objects to be created')
    })

    test('refuses a body that is not JSON, or of a type that it does not know', async () => {
      const broken = await client().call('POST', widgetsPath, '{"a":')
      const message =
        'the object provided is unrecognized (must be of type Widget): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"a":)'
      assertStatus(broken, 400, 'BadRequest', message)
      const text = await client().call('POST', widgetsPath, 'x', { contentType: 'text/plain' })
      assertStatus(
        text,
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      )
    })

    test('takes YAML', async () => {
      const name = client().newName()
      const yaml = `apiVersion: example.com/v1alpha1\nkind: Widget\nmetadata: {name: ${name}}\nspec: {size: 3}\n`
      const { status, body } = await client().call('POST', widgetsPath, yaml, { contentType: 'application/yaml' })
      assert.equal(status, 201)
      assert.equal(body.spec?.['size'], 3)
    })
  })

  describe('replacing', () => {
    test('counts a generation for a changed spec only, and leaves the status alone', async () => {
      const { object } = await create()
      const changed = await put({ ...object, spec: { size: 6 }, status: { observedGeneration: 9 } })
      assert.equal(changed.status, 200)
      assert.equal(changed.body.metadata?.generation, 2)
      assert.equal(changed.body.status, undefined)
      const labelled = { ...changed.body, metadata: { ...changed.body.metadata, labels: { a: 'b' } } }
      const { body } = await put(labelled)
      assert.equal(body.metadata?.generation, 2)
      assert.deepEqual(body.metadata.labels, { a: 'b' })
    })

    test('keeps the resourceVersion when nothing changed', async () => {
      const { object } = await create()
      const { status, body } = await put(object)
      assert.equal(status, 200)
      assert.equal(body.metadata?.resourceVersion, object.metadata?.resourceVersion)
    })

    test('refuses a stale resourceVersion, on the object and on its status', async () => {
      const { name, object } = await create()
      await put({ ...object, spec: { size: 6 } })
      const message = `Operation cannot be fulfilled on widgets.example.com "${name}": the object has been modified; please apply your changes to the latest version and try again`
      assertStatus(await put({ ...object, spec: { size: 7 } }), 409, 'Conflict', message)
      assertStatus(await put({ ...object, status: { observedGeneration: 1 } }, '/status'), 409, 'Conflict', message)
    })

    test('refuses a custom resource without a resourceVersion', async () => {
      const { name } = await create()
      const message = `widgets.example.com "${name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`
      assertStatus(await put(aWidget(name)), 422, 'Invalid', message)
    })

    test('refuses a missing object, another name and another uid', async () => {
      assertStatus(await put(aWidget('missing')), 404, 'NotFound', 'widgets.example.com "missing" not found')
      const { name, object } = await create()
      const renamed = await client().call('PUT', `${widgetsPath}/${name}`, aWidget('other'))
      const message = `the name of the object (other) does not match the name on the URL (${name})`
      assertStatus(renamed, 400, 'BadRequest', message)
      const stranger = await put({ ...object, metadata: { ...object.metadata, uid: 'x' } })
      assert.equal(stranger.status, 409)
      assert.match(stranger.body.message ?? '', /Precondition failed: UID in precondition: x, UID in object meta: /)
      const nameless = await client().call('PUT', widgetsPath, aWidget(name))
      assertStatus(nameless, 400, 'BadRequest', 'name must be provided')
    })
  })

  describe('the status subresource', () => {
    test('changes the status and nothing else', async () => {
      const { object } = await create()
      const status = { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] }
      const metadata = { ...object.metadata, labels: { sneaked: 'in' } }
      const answer = await put({ ...object, metadata, spec: { size: 99 }, status }, '/status')
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.body.status, status)
      assert.equal(answer.body.spec?.['size'], 5)
      assert.equal(answer.body.metadata?.generation, 1)
      assert.equal(answer.body.metadata.labels, undefined)
    })

    test('does not count a write that changes nothing', async () => {
      const { name } = await create()
      const first = await patch(name, { status: { observedGeneration: 1 } }, '/status')
      const second = await patch(name, { status: { observedGeneration: 1 } }, '/status')
      assert.equal(second.body.metadata?.resourceVersion, first.body.metadata?.resourceVersion)
    })

    test('can be read, and is not there for kinds without one', async () => {
      const { name } = await create()
      assert.equal((await client().call('GET', `${widgetsPath}/${name}/status`)).body.metadata?.name, name)
      const answer = await client().call('GET', '/api/v1/namespaces/default/configmaps/a/status')
      assertStatus(answer, 404, 'NotFound', 'the server could not find the requested resource')
    })
  })

  describe('deleting', () => {
    test('removes an object without finalizers and answers with a Status', async () => {
      const { name, object } = await create()
      const { status, body } = await client().call('DELETE', `${widgetsPath}/${name}`)
      assert.equal(status, 200)
      assert.equal(body.status, 'Success')
      assert.deepEqual(body.details, { name, group: 'example.com', kind: 'widgets', uid: object.metadata?.uid })
      assert.equal((await client().call('GET', `${widgetsPath}/${name}`)).status, 404)
      assert.equal((await client().call('DELETE', `${widgetsPath}/${name}`)).status, 404)
    })

    test('waits for finalizers, takes no new ones, and ends with the last', async () => {
      const { name } = await create({ size: 5 }, { finalizers: [finalizer] })
      const { status, body } = await client().call('DELETE', `${widgetsPath}/${name}`)
      assert.equal(status, 200)
      assert.equal(body.kind, 'Widget')
      assert.ok(body.metadata?.deletionTimestamp)
      assert.equal(body.metadata.generation, 2)
      const again = await client().call('DELETE', `${widgetsPath}/${name}`)
      assert.equal(
        again.body.metadata?.resourceVersion,
        body.metadata.resourceVersion,
        'a second delete changes nothing',
      )
      const added = await patch(name, { metadata: { finalizers: [finalizer, otherFinalizer] } })
      const message = `Widget.example.com "${name}" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/other"}`
      assertStatus(added, 422, 'Invalid', message)
      assert.equal((await patch(name, { spec: { size: 6 } })).status, 200, 'a spec may still change')
      assert.equal((await patch(name, { metadata: { finalizers: null } })).status, 200)
      assert.equal((await client().call('GET', `${widgetsPath}/${name}`)).status, 404)
    })

    test('refuses preconditions that do not hold', async () => {
      const { name, object } = await create()
      const remove = (preconditions: object) =>
        client().call('DELETE', `${widgetsPath}/${name}`, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions })
      const { uid = '', resourceVersion = '' } = object.metadata ?? {}
      const prefix = `Operation cannot be fulfilled on Widget.example.com "${name}": `
      assertStatus(
        await remove({ uid: 'zz' }),
        409,
        'Conflict',
        `${prefix}the UID in the precondition (zz) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      )
      assertStatus(
        await remove({ resourceVersion: '1' }),
        409,
        'Conflict',
        `${prefix}the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
      )
      assert.equal((await remove({ uid, resourceVersion })).status, 200)
    })

    test('of a selection removes what it selects', async () => {
      const label = client().newName('batch')
      const kept = await create()
      await create({ size: 5 }, { labels: { batch: label } })
      await create({ size: 5 }, { labels: { batch: label } })
      const { status, body } = await client().call('DELETE', `${widgetsPath}?labelSelector=batch%3D${label}`)
      assert.equal(status, 200)
      assert.equal(body.items?.length, 2)
      const left = await client().call('GET', `${widgetsPath}?labelSelector=batch%3D${label}`)
      assert.deepEqual(left.body.items, [])
      assert.equal((await client().call('GET', `${widgetsPath}/${kept.name}`)).status, 200)
    })
  })

  describe('paths', () => {
    test('unknown ones are told apart as a real server does', async () => {
      assertStatus(await client().call('GET', `${widgetsPath}/x`), 404, 'NotFound', 'widgets.example.com "x" not found')
      for (const path of [
        '/nope',
        '/apis/nope.com/v1/things',
        '/apis/example.com/v1alpha1/namespaces/default/gizmos',
      ]) {
        const { status, text } = await client().call('GET', path)
        assert.deepEqual([status, text], [404, '404 page not found\n'], path)
      }
      const frobs = await client().call('GET', '/api/v1/namespaces/default/frobs')
      assertStatus(frobs, 404, 'NotFound', 'the server could not find the requested resource')
    })

    test('nothing is answered without the token', async () => {
      const answer = await client().call('GET', widgetsPath, undefined, { token: 'stolen' })
      assertStatus(answer, 401, 'Unauthorized', 'Unauthorized')
    })
  })
}

export async function createWidget(
  client: ApiClient,
  spec: unknown = { size: 5 },
  metadata: object = {},
): Promise<{ name: string; object: ApiBody }> {
  const name = client.newName()
  const { status, body, text } = await client.call('POST', widgetsPath, aWidget(name, spec, metadata))
  assert.equal(status, 201, text)
  return { name, object: body }
}

/** A failure Status with exactly this code, reason and message. */
export function assertStatus(answer: Answer, code: number, reason: string | undefined, message: string): void {
  const { kind, apiVersion, status, code: bodyCode } = answer.body
  assert.equal(answer.body.message, message)
  assert.equal(answer.status, code)
  assert.equal(answer.body.reason, reason)
  assert.deepEqual(
    { kind, apiVersion, status, bodyCode },
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', bodyCode: code },
  )
  assert.equal(answer.contentType, 'application/json')
}
