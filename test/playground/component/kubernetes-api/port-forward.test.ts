import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { Agent, WebSocket } from 'undici'

import { startKubernetesApi } from '../../../../playground/kubernetes-api/server.ts'
import { systemClock } from '../../../../src/clock.ts'
import { openPortForwarder } from '../../../../src/kubernetes/port-forward.ts'
import { silentLogger } from '../../../../src/observability/logger.ts'
import { mulberry32 } from '../../../support/builders/seeded-random.ts'
import { ApiClient } from '../../contract/kubernetes-api/api-under-test.ts'
import { echoOf } from '../../../support/measures/echo-of.ts'

/** A pod whose port 8081 sends back what it gets, and whose port 8082 is nowhere. */
async function anEchoPod(t: TestContext) {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const { port: hostPort } = echo.address() as AddressInfo
  const token = 'a-token'
  const api = await startKubernetesApi({ clock: systemClock, random: mulberry32(7), logger: silentLogger, token })
  const client = new ApiClient({ url: api.url, caPem: api.caPem, token })
  const ports = [{ containerPort: 8081, hostPort }, { containerPort: 8082 }]
  const created = await client.call('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name: 'echo' },
    spec: { containers: [{ name: 'main', image: 'echo', ports }] },
  })
  assert.equal(created.status, 201, created.text)
  const folder = await mkdtemp(join(tmpdir(), 'gwh-forward-'))
  const kubeconfigPath = join(folder, 'kubeconfig')
  await writeFile(kubeconfigPath, api.kubeconfigYaml())
  const forwarder = await openPortForwarder({ kubeconfigPath, clock: systemClock })
  t.after(async () => {
    await forwarder.close()
    await client.close()
    await api.stop()
    echo.close()
    await rm(folder, { recursive: true })
  })
  return { api, echo, forwarder }
}

const pod = { namespace: 'default', name: 'echo' }

test('a megabyte goes through a forwarded port and comes back as it was', async (t) => {
  const { forwarder } = await anEchoPod(t)
  const stream = await forwarder.connect(pod, 8081)
  const sent = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => at % 251))
  assert.ok((await echoOf(stream, sent, 50_000)).equals(sent))
})

test('a port that nothing listens on is said on the error channel', async (t) => {
  const { forwarder } = await anEchoPod(t)
  const [error] = (await once(await forwarder.connect(pod, 8082), 'error')) as [Error]
  assert.match(error.message, /error forwarding port 8082 to pod echo: nothing listens on it/)
})

test('a pod that does not exist cannot be forwarded to', async (t) => {
  const { forwarder } = await anEchoPod(t)
  await assert.rejects(forwarder.connect({ namespace: 'default', name: 'gone' }, 8081), /cannot be forwarded/)
})

test('without the token nothing is forwarded', async (t) => {
  const { api, echo } = await anEchoPod(t)
  let connections = 0
  echo.on('connection', () => (connections += 1))
  const url = `${api.url.replace('https:', 'wss:')}/api/v1/namespaces/default/pods/echo/portforward?ports=8081`
  const dispatcher = new Agent({ connect: { ca: api.caPem } })
  t.after(() => dispatcher.close())
  const headers = { authorization: 'Bearer another' }
  const socket = new WebSocket(url, { protocols: ['v4.channel.k8s.io'], dispatcher, headers })
  await new Promise<void>((resolve) => socket.addEventListener('error', () => resolve()))
  assert.equal(connections, 0)
})

test('what is forwarded ends with the server', async (t) => {
  const { api, forwarder } = await anEchoPod(t)
  const stream = await forwarder.connect(pod, 8081)
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  stream
    .on('error', () => {})
    .on('close', resolve)
    .resume()
  await api.stop()
  await closed
})
