import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { mergePatch, type ApiClient } from './api-under-test.ts'
import { assertStatus } from './objects-contract.ts'

const core = '/api/v1/namespaces/default'
const newEvents = '/apis/events.k8s.io/v1/namespaces/default/events'

const about = (name: string) => ({
  apiVersion: 'example.com/v1alpha1',
  kind: 'Widget',
  namespace: 'default',
  name,
  uid: `uid-of-${name}`,
})
const anEvent = (name: string) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name },
  eventTime: '2026-11-21T05:00:00.123456Z',
  reportingController: 'example.com/controller',
  reportingInstance: 'pod-1',
  action: 'Registering',
  reason: 'Registered',
  regarding: about(name),
  note: 'It was registered',
  type: 'Normal',
  series: { count: 3, lastObservedTime: '2026-11-21T05:10:00.123456Z' },
})

function without(object: object, ...names: string[]): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}

export function eventsContract(client: () => ApiClient): void {
  describe('Events', () => {
    test('written as events.k8s.io are read as core ones, as kubectl describe does', async () => {
      const name = client().newName('event')
      const created = await client().call('POST', newEvents, anEvent(name))
      assert.equal(created.status, 201, created.text)
      const selector = encodeURIComponent(
        `involvedObject.name=${name},involvedObject.kind=Widget,involvedObject.uid=uid-of-${name}`,
      )
      const { body } = await client().call('GET', `${core}/events?fieldSelector=${selector}`)
      assert.deepEqual(
        body.items?.map((item) => without(item, 'metadata')),
        [
          {
            involvedObject: about(name),
            reason: 'Registered',
            message: 'It was registered',
            source: {},
            firstTimestamp: null,
            lastTimestamp: null,
            type: 'Normal',
            eventTime: '2026-11-21T05:00:00.123456Z',
            series: { count: 3, lastObservedTime: '2026-11-21T05:10:00.123456Z' },
            action: 'Registering',
            reportingComponent: 'example.com/controller',
            reportingInstance: 'pod-1',
          },
        ],
      )
      const own = await client().call('GET', `${newEvents}?fieldSelector=regarding.name%3D${name},reason%3DRegistered`)
      assert.equal(own.body.items?.length, 1)
    })

    test('written as core ones are read as events.k8s.io', async () => {
      const name = client().newName('event')
      const involvedObject = without(about(name), 'uid')
      const event = {
        metadata: { name },
        involvedObject,
        firstTimestamp: '2026-11-21T05:00:00Z',
        lastTimestamp: '2026-11-21T05:01:00Z',
        count: 2,
        source: { component: 'controller', host: 'h' },
        reason: 'R',
        message: 'text',
        type: 'Warning',
      }
      assert.equal((await client().call('POST', `${core}/events`, event)).status, 201)
      const { body } = await client().call('GET', `${newEvents}/${name}`)
      assert.deepEqual(without(body, 'metadata'), {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: null,
        reason: 'R',
        regarding: involvedObject,
        note: 'text',
        type: 'Warning',
        deprecatedSource: { component: 'controller', host: 'h' },
        deprecatedFirstTimestamp: '2026-11-21T05:00:00Z',
        deprecatedLastTimestamp: '2026-11-21T05:01:00Z',
        deprecatedCount: 2,
      })
    })

    test('may count on in their series and change nothing else', async () => {
      const name = client().newName('event')
      await client().call('POST', newEvents, anEvent(name))
      const patch = (change: object) => client().call('PATCH', `${newEvents}/${name}`, change, mergePatch)
      const series = { count: 4, lastObservedTime: '2026-11-21T05:11:00.123456Z' }
      assert.deepEqual((await patch({ series })).body['series'], series)
      assertStatus(
        await patch({ note: 'other' }),
        422,
        'Invalid',
        `Event "${name}" is invalid: message: Invalid value: "other": field is immutable`,
      )
    })

    test('of events.k8s.io must say when and what type', async () => {
      const name = client().newName('event')
      const incomplete = without(anEvent(name), 'eventTime', 'type')
      const answer = await client().call('POST', newEvents, incomplete)
      assertStatus(
        answer,
        422,
        'Invalid',
        `Event "${name}" is invalid: [eventTime: Required value, type: Invalid value: "": has invalid value: ]`,
      )
    })

    test('of events.k8s.io cannot be selected by the core names', async () => {
      const answer = await client().call('GET', `${newEvents}?fieldSelector=involvedObject.name%3Du`)
      assertStatus(answer, 400, 'BadRequest', 'field label not supported: involvedObject.name')
    })

    test('are watched through the other view too', async () => {
      const name = client().newName('event')
      const watching = client().watch(
        `${core}/events?watch=true&timeoutSeconds=10&fieldSelector=involvedObject.name%3D${name}`,
        (seen) => seen.length === 1,
      )
      await client().call('POST', newEvents, anEvent(name))
      const [event] = await watching
      assert.deepEqual(
        [event?.type, event?.object['message'], event?.object.apiVersion],
        ['ADDED', 'It was registered', 'v1'],
      )
    })
  })
}
