import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiRoute } from '../../../../src/api/gemini-route.ts'
import type { KeyringEntry, RouteEntry } from '../../../../src/contract/keyring/entry.ts'
import type { Consent } from '../../../../src/controller/routes/consent.ts'
import {
  refusedEntry,
  routeEntryFor,
  takenAway,
  withEndpoint,
  type EntryInput,
} from '../../../../src/controller/routes/route-entry.ts'
import { aRoute } from '../../../support/builders/a-route.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const noon = '2026-11-21T12:00:00.000Z'
const before = '2026-11-20T08:00:00.000Z'
const webhook = aWebhook()
  .spec({ allowedRoutes: { types: ['batch.succeeded'] } })
  .build()
const { uid: webhookUid, namespace, name } = webhook.metadata

const attached: Consent = { type: 'attached' }
const prepared: Consent = { type: 'prepared', reason: 'WebhookNotServing', message: '' }
const kept: Consent = { type: 'kept', reason: 'WebhookNotFound', message: '' }
const refused: Consent = { type: 'refused', reason: 'NotAllowed', message: '' }

const knownAs = (route: Partial<RouteEntry> = {}): KeyringEntry => ({
  uid: 'uid-of-route',
  namespace: 'team-search',
  name: 'nightly',
  secrets: [],
  sinks: [],
  route: { webhookUid, webhook: { namespace, name }, since: before, ...route },
})
const partOf = (input: Partial<EntryInput>, route: GeminiRoute = aRoute()) =>
  routeEntryFor(route, {
    consent: attached,
    webhook,
    sinks: { resolved: [], held: [] },
    known: undefined,
    nowMs: Date.parse(noon),
    ...input,
  })?.route

test('a route begins with its consent, and a webhook that is about to be served finds it prepared', () => {
  const want = { webhookUid, webhook: { namespace, name }, since: noon, allowedTypes: ['batch.succeeded'] }
  assert.deepEqual(partOf({}), want)
  assert.deepEqual(partOf({ consent: prepared }), want)
})

test('a route that never had consent is not told to the receivers', () => {
  assert.equal(partOf({ consent: refused }), undefined)
  assert.equal(partOf({ consent: kept }), undefined)
  assert.equal(partOf({ consent: { type: 'kept', reason: 'Progressing', message: '' } }), undefined)
})

test('what the receivers know stays while the webhook is missing, and is refused while consent is missing', () => {
  const known = knownAs({ allowedTypes: ['batch.failed'] })
  assert.deepEqual(partOf({ consent: kept, webhook: undefined, known }), known.route)
  const { webhookUid: uid, webhook: named, since } = known.route ?? {}
  const least = { webhookUid: uid, webhook: named, since, refused: true }
  assert.deepEqual(partOf({ consent: refused, known }), least, 'of what is refused nothing is seen')
  const withdrawn = knownAs({ refused: true })
  assert.deepEqual(partOf({ consent: kept, known: withdrawn }), withdrawn.route, 'a webhook that goes refuses on')
})

test('the time from which events are routed stays, and begins anew with a new webhook and with a new consent', () => {
  assert.equal(partOf({ known: knownAs() })?.since, before)
  assert.equal(partOf({ known: knownAs({ webhookUid: 'a-former-one' }) })?.since, noon)
  const again = partOf({ known: knownAs({ refused: true }) })
  assert.equal(again?.since, noon)
  assert.equal(again?.refused, undefined)
})

test('an entry that was lost is made up from the status, where that is about the same webhook', () => {
  const lastTransitionTime = '2026-11-20T09:00:00Z'
  const told = (status: 'True' | 'False', uid: string) =>
    aRoute({
      status: {
        webhook: { namespace, name, uid },
        conditions: [
          { type: 'Accepted', status, reason: 'Attached', message: '', observedGeneration: 1, lastTransitionTime },
        ],
      },
    })
  assert.equal(partOf({}, told('True', webhookUid))?.since, lastTransitionTime)
  assert.equal(partOf({}, told('False', webhookUid))?.since, noon)
  assert.equal(partOf({}, told('True', 'a-former-one'))?.since, noon)
})

test('a route in the namespace of the webhook sees every type', () => {
  assert.equal(partOf({}, aRoute({ metadata: { namespace } }))?.allowedTypes, undefined)
})

test('a route that is suspended says so, and from then on when it last went on', () => {
  const suspended = aRoute({ spec: { suspend: true } })
  assert.equal(partOf({}, suspended)?.suspended, true)
  assert.equal(partOf({ known: knownAs() }, suspended)?.resumedTime, undefined)
  const gone = partOf({ known: knownAs({ suspended: true }) })
  assert.deepEqual([gone?.suspended, gone?.resumedTime], [undefined, noon])
  assert.equal(partOf({ known: knownAs({ resumedTime: before }) })?.resumedTime, before)
  assert.equal(partOf({ known: knownAs({ resumedTime: before }) }, suspended)?.resumedTime, before)
})

test('sinks that cannot be resolved are named', () => {
  const sink = { name: 'a' } as KeyringEntry['sinks'][number]
  const sinks = { resolved: [sink], held: ['b'] }
  const entry = routeEntryFor(aRoute(), { consent: attached, webhook, sinks, known: undefined, nowMs: 0 })
  assert.deepEqual([entry?.sinks, entry?.heldSinks, entry?.secrets], [[sink], ['b'], []])
})

test('a route has suspended sinks of its own beside what is said of all of them', () => {
  const suspensions = [{ sink: 'b', suspended: true as const }]
  const sinks = { resolved: [], held: ['b'], suspensions }
  const entry = routeEntryFor(aRoute(), { consent: attached, webhook, sinks, known: undefined, nowMs: 0 })
  assert.deepEqual([entry?.suspensions, entry?.route?.suspended], [suspensions, undefined])
})

test('a route with a suffix of types gets all types, which its sinks judge, and is found by the rest', () => {
  const spec = {
    filter: { types: { exact: ['batch.succeeded'], suffix: ['.failed'] }, metadata: { exact: { a: 'b' } } },
  }
  assert.deepEqual(partOf({}, aRoute({ spec }))?.filter, { typesExact: [], typesPrefix: [], metadataExact: { a: 'b' } })
})

test('what is refused is told in the fewest words, whatever the spec of the route has become', () => {
  const sinks = [{ name: 'a' } as KeyringEntry['sinks'][number]]
  const known = { ...knownAs({ filter: { typesExact: ['batch.failed'], typesPrefix: [] } }), sinks, heldSinks: ['b'] }
  const large = aRoute({ spec: { filter: { metadata: { exact: { team: 'x'.repeat(200) } } } } })
  const least = refusedEntry(known)
  assert.deepEqual(takenAway(large, { consent: refused, webhook, known }), least)
  const input = { consent: refused, webhook, sinks: { resolved: sinks, held: [] }, known, nowMs: 0 }
  assert.deepEqual(routeEntryFor(large, input), least)
  assert.deepEqual(routeEntryFor(large, { ...input, known: least }), least, 'and stays so')
  assert.ok(JSON.stringify(least).length < JSON.stringify(known).length)
  assert.equal(takenAway(large, { consent: refused, webhook, known: least }), undefined)
})

test('fewer types are taken away from what is known; more types take nothing away', () => {
  const taken = (allowedTypes?: string[]) =>
    takenAway(aRoute(), { consent: attached, webhook, known: knownAs(allowedTypes && { allowedTypes }) })
  assert.deepEqual(taken()?.route?.allowedTypes, ['batch.succeeded'], 'before it was every type')
  assert.deepEqual(taken(['batch.succeeded', 'batch.failed'])?.route?.allowedTypes, ['batch.succeeded'])
  assert.equal(taken(['batch.succeeded']), undefined)
  assert.equal(taken([]), undefined)
  const keptOnly = takenAway(aRoute(), { consent: kept, webhook, known: knownAs() })
  assert.deepEqual(keptOnly?.route?.allowedTypes, ['batch.succeeded'], 'also of what is only kept')
  assert.equal(takenAway(aRoute(), { consent: kept, webhook: undefined, known: knownAs() }), undefined)
  assert.equal(takenAway(aRoute(), { consent: attached, webhook, known: undefined }), undefined)
})

test('an endpoint of its own is of a route that is allowed, and ends first when its webhook goes', () => {
  const dynamic = { tokens: [], audiences: [] }
  assert.deepEqual(withEndpoint(knownAs(), dynamic), { ...knownAs(), dynamic })
  assert.deepEqual(withEndpoint(knownAs(), undefined), knownAs())
  assert.deepEqual(withEndpoint(knownAs({ refused: true }), dynamic), knownAs({ refused: true }))
  assert.equal(withEndpoint(undefined, dynamic), undefined, 'there is no such route')
  const open = { ...knownAs(), dynamic }
  assert.deepEqual(takenAway(aRoute(), { consent: kept, webhook: undefined, known: open }), knownAs())
  assert.equal(takenAway(aRoute(), { consent: kept, webhook: undefined, known: knownAs() }), undefined)
  const within = { ...knownAs({ allowedTypes: ['batch.succeeded'] }), dynamic }
  assert.equal(takenAway(aRoute(), { consent: kept, webhook, known: within }), undefined, 'nothing is known against it')
  assert.equal(takenAway(aRoute(), { consent: refused, webhook, known: open })?.dynamic, undefined)
})
