import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { withHelm, type Chart } from '../support/processes/helm-chart.ts'
import { valueSets } from '../support/builders/value-sets.ts'

interface TestPod {
  restartPolicy: string
  containers: [{ command: string[]; args: [string]; env?: object[] }]
}

/** Stands for controller and receivers; `answers` is what each path is answered with. */
async function startInstallation(t: TestContext, answers: Readonly<Record<string, number>>) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const line = `${request.method} ${request.headers.host?.replace(/:\d+$/, '')} ${request.url}`
    asked.push(line)
    response.writeHead(answers[request.url ?? ''] ?? 500).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, port: (server.address() as AddressInfo).port }
}

/** Runs the pod's script here: its hosts are this server, and a second between two tries is none. */
async function runScript(chart: Chart, values: object, port: number): Promise<{ code: number; output: string }> {
  const [pod] = chart.testPods(values)
  assert.ok(pod)
  const { containers, restartPolicy } = pod.spec as unknown as TestPod
  const [{ command, args }] = containers
  assert.deepEqual([command, restartPolicy], [['node', '--input-type=module', '--eval'], 'Never'])
  const pause = 'setTimeout(resolve, 1000)'
  assert.ok(args[0].includes(pause))
  const script = args[0]
    .replaceAll(/http:\/\/(gwh-[a-z-]+):\d+/g, `http://127.0.0.1:${port}`)
    .replace(pause, 'setTimeout(resolve, 1)')
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
  let output = ''
  const collect = (text: Buffer) => (output += text.toString())
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const [code] = (await once(child, 'close')) as [number]
  return { code, output }
}

const healthy = { '/readyz': 200, '/v1/s/gemini-webhook-system/no-such-webhook': 404 }

withHelm('"helm test"', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)

  test('succeeds where both parts are ready and an unknown endpoint is refused', async (t) => {
    const { asked, port } = await startInstallation(t, healthy)
    const { code, output } = await runScript(chart, {}, port)
    assert.equal(code, 0, output)
    assert.deepEqual(
      asked.map((line) => line.replace('127.0.0.1 ', '')),
      ['GET /readyz', 'GET /readyz', 'POST /v1/s/gemini-webhook-system/no-such-webhook'],
    )
  })

  test('asks below the path of the base URL', async (t) => {
    const { port } = await startInstallation(t, {
      '/readyz': 200,
      '/gemini/events/v1/s/gemini-webhook-system/no-such-webhook': 404,
    })
    const { code, output } = await runScript(chart, valueSets['a path prefix and more hosts'] ?? {}, port)
    assert.equal(code, 0, output)
  })

  test('fails, after it has tried for a while, where an unsigned request is taken', async (t) => {
    const { asked, port } = await startInstallation(t, {
      ...healthy,
      '/v1/s/gemini-webhook-system/no-such-webhook': 204,
    })
    const { code, output } = await runScript(chart, {}, port)
    assert.notEqual(code, 0)
    assert.match(output, /expected 404, got 204/)
    assert.equal(asked.length, 32)
  })

  test('speaks TLS to a receiver that does, whose certificate is for another name', () => {
    const [pod] = chart.testPods({ receiver: { tls: { secretName: 'hooks-tls' } } })
    assert.ok(pod)
    const { containers } = pod.spec as unknown as TestPod
    const [{ args, env }] = containers
    assert.match(args[0], /'POST', 'https:\/\/gwh-receiver:80\/v1\/s\//)
    assert.deepEqual(env, [{ name: 'NODE_TLS_REJECT_UNAUTHORIZED', value: '0' }])
  })

  test('is a hook that leaves nothing behind', () => {
    for (const each of charts) {
      const [pod, ...more] = each.testPods({})
      assert.deepEqual(more, [])
      assert.equal(pod?.metadata.annotations?.['helm.sh/hook'], 'test')
      assert.equal(pod.metadata.annotations['helm.sh/hook-delete-policy'], 'before-hook-creation,hook-succeeded')
    }
  })
})
