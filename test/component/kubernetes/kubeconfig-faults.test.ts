import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { openKubeconfig } from '../../../src/kubernetes/kubeconfig.ts'

const secret = 'a-token-of-somebody'
const withServer = (server: string) =>
  JSON.stringify({
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: secret } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  })

const faults: { name: string; text: string; says: RegExp }[] = [
  { name: 'bad indentation', text: `users:\n- user:\n    token: ${secret}\n   x: [`, says: /: line 4 is not YAML/ },
  { name: 'an end too early', text: `{"users":[{"user":{"token":"${secret}",}}`, says: /: line 1 is not YAML/ },
  { name: 'another form', text: `users: 5 # ${secret}`, says: /: is not a kubeconfig/ },
  { name: 'nothing in it', text: '', says: /: is not a kubeconfig/ },
  { name: 'no text', text: `\u0000${secret}`, says: /: line 1 is not YAML/ },
  { name: 'a server that is no URL', text: withServer(secret), says: /the server of cluster "c" is not a URL/ },
]
for (const { name, text, says } of faults) {
  test(`a kubeconfig with ${name} is refused, and nothing of it is told`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-kubeconfig-'))
    t.after(() => rm(folder, { recursive: true }))
    const kubeconfigPath = join(folder, 'config')
    await writeFile(kubeconfigPath, text)
    const error: unknown = await openKubeconfig({ kubeconfigPath })
      .read(true)
      .catch((reason: unknown) => reason)
    assert.ok(error instanceof Error)
    assert.match(error.message, says)
    assert.ok(![error.message, error.stack, String(error.cause)].join().includes(secret), error.stack ?? '')
  })
}

test('a kubeconfig that is not there is named', async () => {
  const opened = openKubeconfig({ kubeconfigPath: '/nowhere/config' }).read(true)
  await assert.rejects(opened, /^Error: kubeconfig \/nowhere\/config: cannot be read \(ENOENT\)$/)
})
