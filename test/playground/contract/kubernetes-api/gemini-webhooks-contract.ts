import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'

import { parse } from 'yaml'

import { apiVersion, geminiWebhookPath, pluralName } from '../../../../src/api/kind.ts'
import { crdPath } from '../../../../tools/generate-crds.ts'
import { eventually } from '../../../support/measures/eventually.ts'
import { invalidResources, validResources } from '../../../support/builders/resource-fixtures.ts'
import type { ApiClient } from './api-under-test.ts'
import { definitionsPath } from './definitions-contract.ts'

const pathOf = ({ metadata }: { metadata: { name: string } }) =>
  geminiWebhookPath({ namespace: 'default', name: metadata.name })

/** The resource that ships, with every fixture of what it accepts and refuses. */
export function geminiWebhooksContract(client: () => ApiClient): void {
  const collection = `/apis/${apiVersion}/namespaces/default/${pluralName}`
  const create = (manifest: { metadata: { name: string } }) =>
    client().call('POST', `${collection}?fieldValidation=Strict`, manifest)

  describe('GeminiWebhooks', () => {
    before(async () => {
      const { status, text } = await client().call('POST', definitionsPath, parse(readFileSync(crdPath, 'utf8')))
      assert.equal(status, 201, text)
      await eventually('GeminiWebhooks are served', async () => (await client().call('GET', collection)).status === 200)
    })

    for (const { name, manifest } of validResources()) {
      test(`accepts ${name} and keeps it as it is written`, async () => {
        const { status, body, text } = await create(manifest)
        assert.equal(status, 201, text)
        assert.deepEqual(body.spec, manifest.spec)
        await client().call('DELETE', pathOf(manifest))
      })
    }

    for (const { name, rule, field, message, manifest, previous } of invalidResources()) {
      test(`refuses ${name}`, async () => {
        let answer = await create(previous ?? manifest)
        if (previous !== undefined) {
          const metadata = answer.body.metadata
          answer = await client().call('PUT', `${pathOf(manifest)}?fieldValidation=Strict`, { ...manifest, metadata })
          await client().call('DELETE', pathOf(manifest))
        }
        const causes = answer.body.details?.causes ?? []
        if (name === 'shape.unknown-field') assert.ok(answer.body.message?.includes(message), answer.text)
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
