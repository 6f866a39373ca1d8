import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'

import { withRealApiServer } from '../support/processes/real-api-server.ts'

await withRealApiServer('the NetworkPolicies that are offered', (server) => {
  test('are taken by an API server, with no field that it does not know', async () => {
    const files = globSync('deploy/policies/*.yaml')
    assert.ok(files.length > 0)
    assert.equal((await server().kubectl(['apply', '-f', 'deploy/namespace.yaml'])).code, 0)
    for (const file of files) {
      const applied = await server().kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', file])
      assert.equal(applied.code, 0, `${file}: ${applied.stderr}`)
    }
  })
})
