import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import type { GeminiRouteManifest } from '../../src/api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../src/api/gemini-webhook.ts'
import { validResources, validRoutes } from '../support/builders/resource-fixtures.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'

const minimalOf = <T>(fixtures: { name: string; manifest: T }[]): T =>
  fixtures.find(({ name }) => name === 'minimal')?.manifest ?? assert.fail('there is no minimal fixture')

function aRouteTo(name: string, webhookRef: GeminiRouteManifest['spec']['webhookRef']): GeminiRouteManifest {
  const route = minimalOf(validRoutes())
  return { ...route, metadata: { ...route.metadata, name }, spec: { ...route.spec, webhookRef } }
}

function aWebhookWith(name: string, spec: Partial<GeminiWebhookManifest['spec']>): GeminiWebhookManifest {
  const webhook = minimalOf(validResources())
  return { ...webhook, metadata: { ...webhook.metadata, name }, spec: { ...webhook.spec, ...spec } }
}

await withRealApiServer('field selectors on a real API server', (server) => {
  const select = async (kind: string, selector: string) => {
    const { code, stdout, stderr } = await server().kubectl(['get', kind, '--field-selector', selector, '-o', 'name'])
    assert.equal(code, 0, stderr)
    return stdout.split('\n').flatMap((line) => line.split('/')[1] ?? [])
  }

  before(async () => {
    await applyCrds(server())
    const manifests = [
      aRouteTo('to-x', { name: 'x', namespace: 'platform' }),
      aRouteTo('to-x-of-its-own', { name: 'x' }),
      aRouteTo('to-y', { name: 'y', namespace: 'platform' }),
      aWebhookWith('adopts', { externalID: 'wh0123' }),
      aWebhookWith('creates', {}),
    ]
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
    const { code, stderr } = await server().kubectl(['create', '-f', '-'], { input })
    assert.equal(code, 0, stderr)
  })

  test('routes are selected by the webhook that they name', async () => {
    assert.deepEqual(await select('groute', 'spec.webhookRef.name=x'), ['to-x', 'to-x-of-its-own'])
    assert.deepEqual(await select('groute', 'spec.webhookRef.namespace=platform'), ['to-x', 'to-y'])
    assert.deepEqual(await select('groute', 'spec.webhookRef.name=x,spec.webhookRef.namespace=platform'), ['to-x'])
  })

  test('webhooks are selected by the one at Google that they name', async () => {
    assert.deepEqual(await select('gwh', 'spec.externalID=wh0123'), ['adopts'])
  })
})
