import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkManifest } from '../../../src/api/check-manifest.ts'
import { routeShortName } from '../../../src/api/kind.ts'
import { routeNameOf, routeOwnerName } from '../../../src/contract/route-owner.ts'
import { aWebhook } from '../../support/builders/a-webhook.ts'

test('the owner name of a route tells its plain name, and that of a webhook tells none', () => {
  assert.equal(routeOwnerName('nightly-eval'), 'groute/nightly-eval')
  assert.equal(routeOwnerName('nightly-eval'), `${routeShortName}/nightly-eval`, 'as kubectl names it')
  assert.equal(routeNameOf(routeOwnerName('nightly-eval')), 'nightly-eval')
  for (const name of ['nightly-eval', 'groute', 'groute-nightly', '']) assert.equal(routeNameOf(name), undefined, name)
})

test('no webhook can have the owner name of a route', () => {
  const webhook = aWebhook().build()
  const named = { ...webhook, metadata: { ...webhook.metadata, name: routeOwnerName('nightly-eval') } }
  assert.equal(checkManifest(named).ok, false)
})
