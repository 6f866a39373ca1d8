import assert from 'node:assert/strict'
import { after, before } from 'node:test'

import { eventually } from '../../../support/measures/eventually.ts'
import { ApiClient, type ApiUnderTest } from './api-under-test.ts'
import { builtInContract } from './built-in-contract.ts'
import { configMapsContract, secretsContract } from './data-kinds-contract.ts'
import { definitionsContract, definitionsPath } from './definitions-contract.ts'
import { eventsContract } from './events-contract.ts'
import { shippedKindsContract } from './shipped-kinds-contract.ts'
import { kubectlContract } from './kubectl-contract.ts'
import { objectsContract } from './objects-contract.ts'
import { patchContract } from './patch-contract.ts'
import { readContract } from './read-contract.ts'
import { validationContract } from './validation-contract.ts'
import { watchContract } from './watch-contract.ts'
import { widgetCrd, widgetsPath } from './widget.ts'

/**
 * What this project relies on in an API server. Run on the embedded server and on a real kube-apiserver, so that the
 * one cannot drift from the other. Call it inside a suite whose `before` starts the server; `api` is called in hooks
 * and tests only.
 */
export function kubernetesApiContract(api: () => ApiUnderTest, { hasKubectl }: { hasKubectl: boolean }): void {
  let connected: ApiClient | undefined
  const client = () => {
    if (connected === undefined) throw new Error('the client exists only inside tests and hooks')
    return connected
  }
  before(async () => {
    connected = new ApiClient(api())
    const { status, text } = await connected.call('POST', definitionsPath, widgetCrd)
    assert.equal(status, 201, text)
    // A real server serves a new definition, and then accepts objects of it, a moment after it says so.
    await eventually('widgets are served', async () => (await client().call('GET', widgetsPath)).status === 200)
  })
  after(() => connected?.close())

  objectsContract(client)
  patchContract(client)
  readContract(client)
  watchContract(client)
  validationContract(client)
  secretsContract(client)
  configMapsContract(client)
  builtInContract(client)
  eventsContract(client)
  definitionsContract(client)
  shippedKindsContract(client)
  kubectlContract(client, hasKubectl)
}
