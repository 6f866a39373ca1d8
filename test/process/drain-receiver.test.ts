import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { anAwayWorker } from '../support/doubles/away-worker.ts'
import { eventually } from '../support/measures/eventually.ts'
import { gwhEnvironment } from '../support/builders/gwh-environment.ts'
import { startPortForwardDouble } from '../support/doubles/port-forward-double.ts'
import { receiverFiles, startReceiverProcess } from '../support/processes/receiver-process.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'

const events = 300
const pods = ['gwh-receiver-0', 'gwh-receiver-1'] as const

test(
  'what a receiver has acknowledged is delivered by another one after gwh drain, once, though the first is gone for good',
  { timeout: 120_000 },
  async (t) => {
    const worker = await anAwayWorker(t)
    const files = await receiverFiles(t, worker.url)
    const receivers = await Promise.all(
      pods.map(async (podName) => {
        const flags = [`--data-dir=${join(files.folder, podName)}`]
        const process = startReceiverProcess({ files, podName, flags, logName: `drain-${podName}` })
        t.after(() => process.kill())
        const { port, adminPort, healthPort } = await process.logged('receiver.started')
        return { podName, process, port: Number(port), adminPort: Number(adminPort), healthPort: Number(healthPort) }
      }),
    )
    const [stays, goes] = receivers
    assert.ok(stays && goes)
    const acknowledged: string[] = []
    for (let n = 0; n < events; n++) {
      const { id, headers, body } = signedDelivery({ id: `msg_${n}`, secret: files.secret, atMs: Date.now() })
      const answer = await fetch(`http://127.0.0.1:${goes.port}${files.path}`, { method: 'POST', headers, body })
      assert.equal(answer.status, 204)
      acknowledged.push(id)
    }

    const api = await startPortForwardDouble({
      pods: Object.fromEntries(receivers.map(({ podName, adminPort }) => [podName, adminPort])),
      answer: () => ({ kind: 'PodList', metadata: {}, items: pods.map(aRunningPod) }),
    })
    t.after(() => api.close())
    const kubeconfig = join(files.folder, 'people-kubeconfig')
    await writeFile(kubeconfig, kubeconfigFor(api.url))
    const { code, output } = await gwh('drain', goes.podName, '--settle=1s', `--kubeconfig=${kubeconfig}`)
    assert.equal(code, 0, output)
    assert.match(output, new RegExp(`${events} events moved from gwh-receiver-1 to gwh-receiver-0`))
    assert.equal((await fetch(`http://127.0.0.1:${goes.healthPort}/readyz`)).status, 503, 'it takes no more traffic')
    assert.equal((await fetch(`http://127.0.0.1:${stays.healthPort}/readyz`)).status, 200)

    await goes.process.kill()
    worker.comeBack()
    await eventually('all of it', () => acknowledged.every((id) => worker.received.has(id)))
    t.diagnostic(`${acknowledged.length} acknowledged by the one, ${worker.received.size} delivered by the other`)
    assert.deepEqual([...new Set(worker.received.values())], [1], 'none twice')
  },
)

async function gwh(...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    env: gwhEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [unknown]
  return { code, output }
}

function aRunningPod(name: string) {
  return { metadata: { name, namespace: 'gemini-webhook-system' }, status: { phase: 'Running' } }
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'a-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
}
