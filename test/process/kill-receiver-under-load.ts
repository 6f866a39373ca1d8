import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Pool } from 'undici'

import { keyIdOf } from '../../src/keyring/shard.ts'
import { absentApiServer } from '../support/absent-api-server.ts'
import { eventually } from '../support/eventually.ts'
import { GwhProcess } from '../support/gwh-process.ts'
import { aKeyringEntry, writeKeyringFolder } from '../support/keyring-folder.ts'
import { recordSecret } from '../support/run-record.ts'
import { signedDelivery } from '../support/signed-delivery.ts'

const senders = 8

export interface KillPlan {
  kills: number
  /** Which inbox, and where. */
  inboxFlags: (folder: string) => string[]
  /** The share of deliveries that the sink refuses for now, 0 to 1. */
  failingShare: number
  /** Asked again and again at the end: replays what was parked because the process was killed three times during it, as a user would. */
  replayParked?: () => Promise<void>
}

/**
 * Signed deliveries without end to a receiver that is killed with SIGKILL at random moments and started again, until the last one may finish: whatever
 * was answered 204 must have reached the sink.
 */
export async function killReceiverUnderLoad(
  t: TestContext,
  { kills, inboxFlags, failingShare, replayParked }: KillPlan,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-kill-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const sink = await startSink({ failingShare })
  t.after(() => sink.close())
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  recordSecret(secret)
  const keyringDir = join(folder, 'keyring')
  await writeFile(join(folder, 'kubeconfig'), absentApiServer)
  const secrets = [{ keyId: keyIdOf(secret), secret }]
  await writeKeyringFolder(keyringDir, [
    aKeyringEntry({ uid: randomUUID(), namespace: 'ml', name: 'killed', secrets, sinkUrl: sink.url }),
  ])

  const acknowledged = new Set<string>()
  const refused: number[] = []
  let target: Pool | undefined
  const stopSending = new AbortController()
  const send = async (sender: number) => {
    for (let n = 0; !stopSending.signal.aborted; n += 1) {
      const pool = target
      if (pool === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        continue
      }
      const id = `msg_${sender}_${n}`
      const { headers, body } = signedDelivery({ id, secret, type: 'batch.succeeded', atMs: Date.now() })
      try {
        const answer = await pool.request({ method: 'POST', path: '/v1/s/ml/killed', headers, body })
        await answer.body.dump()
        if (answer.statusCode === 204) acknowledged.add(id)
        else refused.push(answer.statusCode)
      } catch {
        // Killed under our hands: no answer, no promise. A refused connection must not become a busy loop.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  t.after(() => stopSending.abort())
  const load = Array.from({ length: senders }, (_, sender) => send(sender))

  let stored = 0
  for (let round = 0; round <= kills; round += 1) {
    const receiver = startReceiver(folder, inboxFlags)
    t.after(() => receiver.kill())
    const { port } = await receiver.logged('receiver.started')
    target = new Pool(`http://127.0.0.1:${String(port)}`, { connections: senders })
    const before = acknowledged.size
    await eventually('deliveries are acknowledged', () => acknowledged.size > before + 20, { intervalMs: 2 })
    if (round < kills) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 120))
      await receiver.kill()
      await target.destroy()
      target = undefined
      stored = acknowledged.size
      continue
    }
    stopSending.abort()
    await Promise.all(load)
    await eventually(
      'the sink has everything that was acknowledged',
      async () => {
        await replayParked?.()
        return [...acknowledged].every((id) => sink.received.has(id))
      },
      { timeoutMs: 60_000 },
    )
    assert.equal(await receiver.terminate(), 0, receiver.describe())
    await target.close()
  }

  const lost = [...acknowledged].filter((id) => !sink.received.has(id))
  t.diagnostic(
    `${kills} kills, ${acknowledged.size} acknowledged (${stored} before the last kill), ${sink.received.size} ids at the sink, ` +
      `${sink.repeats} repeats, ${refused.length} refused, ${lost.length} lost`,
  )
  assert.deepEqual(lost, [])
  assert.deepEqual(
    [...new Set(refused)].filter((status) => status !== 503),
    [],
    'a genuine delivery is stored or asked for again',
  )
}

function startReceiver(folder: string, inboxFlags: KillPlan['inboxFlags']): GwhProcess {
  return new GwhProcess(
    [
      'receiver',
      `--kubeconfig=${join(folder, 'kubeconfig')}`,
      '--namespace=gemini-webhook-system',
      '--pod-name=receiver-0',
      '--host=127.0.0.1',
      '--port=0',
      '--health-host=127.0.0.1',
      '--health-port=0',
      '--admin-port=0',
      `--keyring-dir=${join(folder, 'keyring')}`,
      ...inboxFlags(folder),
      '--allow-loopback-sinks',
      '--drain=0s',
    ],
    'receiver-kill',
  )
}

/** A worker that answers 204 and remembers each CloudEvent id, or answers 503 and forgets it. */
async function startSink({ failingShare }: Pick<KillPlan, 'failingShare'>) {
  const received = new Set<string>()
  let repeats = 0
  const server = createServer((request, response) => {
    const id = String(request.headers['ce-id'])
    request.resume().on('end', () => {
      if (Math.random() < failingShare) {
        response.writeHead(503).end()
        return
      }
      if (received.has(id)) repeats += 1
      received.add(id)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/events`,
    received,
    get repeats() {
      return repeats
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
