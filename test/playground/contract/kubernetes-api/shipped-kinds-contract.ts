import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'

import { parse } from 'yaml'

import { apiVersion, geminiWebhookPath, pluralName, routePluralName } from '../../../../src/api/kind.ts'
import { crdPath, routeCrdPath } from '../../../../tools/generate-crds.ts'
import { eventually } from '../../../support/measures/eventually.ts'
import {
  invalidResources,
  invalidRoutes,
  validResources,
  validRoutes,
  type InvalidResource,
} from '../../../support/builders/resource-fixtures.ts'
import type { ApiClient } from './api-under-test.ts'
import { definitionsPath } from './definitions-contract.ts'
import { geminiRoutePath } from '../../../support/builders/route-path.ts'

type Manifest = { metadata: { name: string }; spec: unknown }

interface ShippedKind {
  plural: string
  crd: string
  pathOf(key: { namespace: string; name: string }): string
  valid(): { name: string; manifest: Manifest }[]
  invalid(): (Omit<InvalidResource, 'manifest' | 'previous'> & { manifest: Manifest; previous?: Manifest })[]
}

const shippedKinds: readonly ShippedKind[] = [
  { plural: pluralName, crd: crdPath, pathOf: geminiWebhookPath, valid: validResources, invalid: invalidResources },
  { plural: routePluralName, crd: routeCrdPath, pathOf: geminiRoutePath, valid: validRoutes, invalid: invalidRoutes },
]

/** The resources that ship, with every fixture of what they accept and refuse. */
export function shippedKindsContract(client: () => ApiClient): void {
  for (const kind of shippedKinds) shippedKindContract(client, kind)

  test('routes are found by the webhook that they name', async () => {
    const collection = `/apis/${apiVersion}/namespaces/default/${routePluralName}`
    const [route] = validRoutes()
    assert.ok(route)
    for (const [name, webhook, namespace] of [
      ['one', 'project-events', 'ml-platform'],
      ['two', 'project-events', undefined],
      ['three', 'other-events', 'ml-platform'],
    ] as const) {
      const webhookRef = { name: webhook, ...(namespace !== undefined && { namespace }) }
      const { metadata, spec } = route.manifest
      const manifest: Manifest = { ...route.manifest, metadata: { ...metadata, name }, spec: { ...spec, webhookRef } }
      assert.equal((await client().call('POST', collection, manifest)).status, 201)
    }
    const found = async (selector: string) => {
      const { body } = await client().call('GET', `${collection}?fieldSelector=${encodeURIComponent(selector)}`)
      return (body['items'] as Manifest[]).map(({ metadata }) => metadata.name).toSorted()
    }
    assert.deepEqual(await found('spec.webhookRef.name=project-events'), ['one', 'two'])
    assert.deepEqual(await found('spec.webhookRef.name=project-events,spec.webhookRef.namespace=ml-platform'), ['one'])
    assert.deepEqual(await found('spec.webhookRef.namespace='), ['two'], 'an absent field is the empty text')
    for (const name of ['one', 'two', 'three'])
      await client().call('DELETE', geminiRoutePath({ namespace: 'default', name }))
  })
}

function shippedKindContract(client: () => ApiClient, kind: ShippedKind): void {
  const collection = `/apis/${apiVersion}/namespaces/default/${kind.plural}`
  const pathOf = ({ metadata }: Manifest) => kind.pathOf({ namespace: 'default', name: metadata.name })
  const create = (manifest: Manifest) => client().call('POST', `${collection}?fieldValidation=Strict`, manifest)

  describe(kind.plural, () => {
    before(async () => {
      const { status, text } = await client().call('POST', definitionsPath, parse(readFileSync(kind.crd, 'utf8')))
      assert.equal(status, 201, text)
      await eventually(`${kind.plural} are served`, async () => (await client().call('GET', collection)).status === 200)
    })

    for (const { name, manifest } of kind.valid()) {
      test(`accepts ${name} and keeps it as it is written`, async () => {
        const { status, body, text } = await create(manifest)
        assert.equal(status, 201, text)
        assert.deepEqual(body.spec, manifest.spec)
        await client().call('DELETE', pathOf(manifest))
      })
    }

    for (const { name, rule, field, message, manifest, previous } of kind.invalid()) {
      test(`refuses ${name}`, async () => {
        let answer = await create(previous ?? manifest)
        if (previous !== undefined) {
          const metadata = answer.body.metadata
          answer = await client().call('PUT', `${pathOf(manifest)}?fieldValidation=Strict`, { ...manifest, metadata })
          await client().call('DELETE', pathOf(manifest))
        }
        const causes = answer.body.details?.causes ?? []
        if (message.startsWith('unknown field')) assert.ok(answer.body.message?.includes(message), answer.text)
        else if (rule === 'shape') {
          const found = causes.some((cause) => cause.field === field && cause.message.includes(message))
          assert.ok(found, answer.body.message)
        } else {
          const said = causes.map((cause) => ({ field: cause.field, message: cause.message }))
          assert.deepEqual(said, [{ field, message: `Invalid value: ${message}` }])
        }
      })
    }
  })
}
