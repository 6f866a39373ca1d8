import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { InboxOwner, NewEvent } from '../../../src/inbox/port.ts'
import { askRoutes } from '../../../src/receiver/ask-routes.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'

const entries = new Map([
  ['webhook', aKeyringEntry({ uid: 'webhook' })],
  ['all', aRouteEntry({ uid: 'all' })],
  ['some', aRouteEntry({ uid: 'some', route: { allowedTypes: ['batch.failed'] } })],
])

function asked(typeOf: (event: NewEvent) => string) {
  const delivered: string[] = []
  const onDelivered = ({ uid }: InboxOwner) => void delivered.push(uid)
  return { delivered, ...askRoutes({ entryOf: (uid) => entries.get(uid) }, { typeOf, onDelivered }) }
}

const ownedBy = (uid: string) => anEvent({ owner: { uid, namespace: 'search', name: 'x' } })

test('only a route that is allowed some types has its events read, and sees those', () => {
  const none = asked(() => assert.fail('read'))
  assert.deepEqual(
    ['webhook', 'all', 'nobody'].map((uid) => none.maySee(ownedBy(uid))),
    [true, true, true],
  )
  assert.equal(asked(() => 'batch.failed').maySee(ownedBy('some')), true)
  assert.equal(asked(() => 'batch.succeeded').maySee(ownedBy('some')), false)
})

test('a route names its webhook, and alone is told what it was delivered', () => {
  const { webhookOf, onDelivered, delivered } = asked(() => 'x')
  const owners = ['webhook', 'all', 'nobody'].map((uid) => ownedBy(uid).owner)
  assert.deepEqual(owners.map(webhookOf), [undefined, { namespace: 'ml', name: 'batch-events' }, undefined])
  for (const owner of owners) onDelivered(owner)
  assert.deepEqual(delivered, ['all'])
})
