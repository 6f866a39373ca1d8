import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { openPortForwarder } from '../../../src/kubernetes/port-forward.ts'
import { startPortForwardDouble } from '../../support/doubles/port-forward-double.ts'
import { echoOf } from '../../support/measures/echo-of.ts'

/** A pod that sends back what it gets, behind an API server that forwards to it. */
async function anEchoPod(t: TestContext, given: { failure?: string } = {}) {
  const echo = createServer((socket) => socket.pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const { port } = echo.address() as AddressInfo
  const api = await startPortForwardDouble({ pods: { echo: port }, ...given })
  const folder = await mkdtemp(join(tmpdir(), 'gwh-forward-'))
  const kubeconfigPath = join(folder, 'kubeconfig')
  await writeFile(
    kubeconfigPath,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `${api.url}/prefix`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'a-token' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const forwarder = await openPortForwarder({ kubeconfigPath, clock: systemClock })
  t.after(async () => {
    await forwarder.close()
    api.close()
    echo.close()
    await rm(folder, { recursive: true })
  })
  return { api, forwarder }
}

test('bytes go to the port of the pod and come back, as many as one likes, with the credentials of the kubeconfig', async (t) => {
  const { api, forwarder } = await anEchoPod(t)
  const stream = await forwarder.connect({ namespace: 'gwh', name: 'echo' }, 8081)
  const sent = Buffer.alloc(300_000, 'abcdefg')
  assert.ok((await echoOf(stream, sent)).equals(sent))
  assert.deepEqual(api.paths, ['/prefix/api/v1/namespaces/gwh/pods/echo/portforward?ports=8081'])
  assert.equal(api.headers[0]?.authorization, 'Bearer a-token')
})

test('what the pod ends, ends here', async (t) => {
  const { api, forwarder } = await anEchoPod(t)
  const stream = await forwarder.connect({ namespace: 'gwh', name: 'echo' }, 8081)
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  stream
    .on('error', () => {})
    .on('close', resolve)
    .resume()
  api.close()
  await ended
})

test('a pod that cannot be reached is an error that names it and the right that it takes', async (t) => {
  const { forwarder } = await anEchoPod(t)
  await assert.rejects(
    forwarder.connect({ namespace: 'gwh', name: 'gone' }, 8081),
    /pod gwh\/gone: port 8081 cannot be forwarded: refused; it takes the right to create and get pods\/portforward/,
  )
})

test('what the kubelet says instead of connecting is the error', async (t) => {
  const failureOf = async (failure: string) => {
    const { forwarder } = await anEchoPod(t, { failure })
    const stream = await forwarder.connect({ namespace: 'gwh', name: 'echo' }, 8081)
    const [error] = (await once(stream, 'error')) as [Error]
    return error.message
  }
  const failed = 'pod gwh/echo: port 8081 cannot be forwarded'
  assert.equal(await failureOf('network namespace is closed\n'), `${failed}: network namespace is closed`)
  const notYet =
    'error forwarding port 8081 to pod ba16, uid : failed to connect to localhost:8081 inside namespace "ba16", IPv4: dial tcp4 127.0.0.1:8081: connect: connection refused'
  assert.equal(await failureOf(notYet), `${failed}: nothing listens there: is it just starting?`)
})
