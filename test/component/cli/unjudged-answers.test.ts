import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { clusterIn } from '../../../src/cli/operator-access.ts'
import { receiversIn } from '../../../src/cli/deliveries/open-receivers.ts'
import { systemClock } from '../../../src/clock.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'
import { kubeconfigFor } from '../../support/builders/kubeconfig.ts'
import { startPortForwardDouble } from '../../support/doubles/port-forward-double.ts'

/** What a receiver that means well answers, by method and path. */
const good: Record<string, unknown> = {
  'GET /v1/stats': {
    inbox: 'own',
    events: 1,
    bodyBytes: 2,
    pending: 1,
    deadLetters: 0,
    rememberedIds: 1,
    oldestPendingMs: 5,
    pendingByOwner: {},
    lastDropMsByOwner: {},
  },
  'GET /v1/deliveries': { deliveries: [] },
  'GET /v1/deadletters': { deadLetters: [] },
  'GET /v1/delivered': { kept: [] },
  'GET /v1/deadletters/body': {
    deliveryId: '1',
    eventId: 'msg_1',
    contentType: 'application/json',
    receivedAt: '2026-11-21T12:00:00.000Z',
    bodyBase64: 'e30=',
  },
  'GET /v1/pending': { pending: [] },
  'POST /v1/retry': { retried: [], unknown: [] },
  'POST /v1/replay': { replayed: [], unknown: [] },
  'POST /v1/handover/begin': {},
  'GET /v1/handover': { events: [] },
}

/** Two receivers that answer as the test says, and the commands that ask them. */
async function receiversThatAnswer(t: TestContext, answers: Record<string, string>, version?: string) {
  const server = createServer((request, response) => {
    const call = `${request.method} ${request.url?.replace(/\?.*/, '')}`
    request.resume()
    request.on('end', () => {
      if (version !== undefined) response.setHeader('x-gwh-version', version)
      response.end(answers[call] ?? JSON.stringify(good[call] ?? null))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const names = ['gwh-receiver-0', 'gwh-receiver-1']
  const items = names.map((name) => ({ metadata: { name, namespace: 'x' }, status: { phase: 'Running' } }))
  const api = await startPortForwardDouble({
    pods: Object.fromEntries(names.map((name) => [name, port])),
    answer: () => ({ kind: 'PodList', metadata: {}, items }),
  })
  const folder = await mkdtemp(join(tmpdir(), 'gwh-cli-'))
  await writeFile(join(folder, 'kubeconfig'), kubeconfigFor(api.url))
  t.after(async () => {
    api.close()
    server.close()
    await rm(folder, { recursive: true })
  })
  const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
  return gwhCommand(
    { cluster: clusterIn(deps), receivers: receiversIn(deps) },
    { GWH_KUBECONFIG: join(folder, 'kubeconfig') },
  )
}

/** Each command with the calls on which its word rests, and a field of each. */
const commands: [args: string[], call: string, field: string][] = [
  [['inbox'], 'GET /v1/stats', 'pending'],
  [['inbox'], 'GET /v1/stats', 'inbox'],
  [['deadletters', '-A'], 'GET /v1/deadletters', 'deadLetters'],
  [['deadletters', '--body=gwh-receiver-0/1'], 'GET /v1/deadletters/body', 'bodyBase64'],
  [['delivered', '-A'], 'GET /v1/delivered', 'kept'],
  [['deliveries', '-A'], 'GET /v1/pending', 'pending'],
  [['retry', '--all', '-A'], 'POST /v1/retry', 'retried'],
  [['retry', 'gwh-receiver-0/1'], 'POST /v1/retry', 'unknown'],
  [['replay', '--sink=worker', '-A'], 'POST /v1/replay', 'replayed'],
  [['listen', '--no-follow', '-A'], 'GET /v1/deliveries', 'deliveries'],
  [['drain', 'gwh-receiver-0', '--settle=0s'], 'GET /v1/handover', 'events'],
]

for (const [args, call, field] of commands) {
  const healthy = good[call] as Record<string, unknown>
  const { [field]: value, ...without } = healthy
  const wrong: Record<string, unknown> = {
    'an empty object': {},
    'the field renamed': { ...without, [`${field}V2`]: value },
    'the field null': { ...healthy, [field]: null },
    'the field of another type': { ...healthy, [field]: { value } },
  }
  for (const [what, answer] of Object.entries(wrong)) {
    test(`gwh ${args.join(' ')} takes ${what} (${call} ${field}) for no answer`, async (t) => {
      const gwh = await receiversThatAnswer(t, { [call]: JSON.stringify(answer) })
      const { code, out, err } = await gwh(...args)
      assert.deepEqual([code, out], [3, ''])
      const named = Object.keys(answer as object).length === 0 ? '.*' : `.*${field}`
      assert.match(err, new RegExp(`gwh ${args[0]}: gwh-receiver-0: ${call}: the answer cannot be judged: ${named}`))
    })
  }
  for (const text of ['null', '[]', '"moved"', '', '<html>no</html>']) {
    test(`gwh ${args.join(' ')} takes ${JSON.stringify(text)} (${call}) for no answer`, async (t) => {
      const gwh = await receiversThatAnswer(t, { [call]: text })
      const { code, out, err } = await gwh(...args)
      assert.deepEqual([code, out], [3, ''])
      assert.match(err, /cannot be judged/)
    })
  }
}

test('an answer that cannot be judged is told with both versions, and without what stands in it', async (t) => {
  const answers = { 'GET /v1/stats': JSON.stringify({ ...(good['GET /v1/stats'] as object), events: 'a-value' }) }
  const { err } = await (await receiversThatAnswer(t, answers, '9.8.7'))('inbox')
  const versions = 'this receiver is of version 9.8.7, gwh of 1.2.3'
  const problem = 'events: Invalid input: expected number, received string'
  assert.equal(err, `gwh inbox: gwh-receiver-0: GET /v1/stats: the answer cannot be judged: ${problem}; ${versions}\n`)
  const older = await (await receiversThatAnswer(t, answers))('inbox')
  assert.match(older.err, /; is this receiver of another version than gwh\?$/m)
})

test('what a newer receiver adds is let through', async (t) => {
  const gwh = await receiversThatAnswer(t, {
    'GET /v1/pending': JSON.stringify({ pending: [], since: 1 }),
    'GET /v1/stats': JSON.stringify({ ...(good['GET /v1/stats'] as object), shards: [] }),
  })
  assert.deepEqual(await gwh('deliveries', '-A'), { code: 0, out: 'Nothing is pending.\n', err: '' })
})

test('gwh drain believes neither a receiver that forgets events it was given, nor one that releases fewer', async (t) => {
  const events = JSON.stringify({ events: [{ ref: '1' }, { ref: '2' }] })
  const drain = ['drain', 'gwh-receiver-0', '--settle=0s']
  const forgetful = await receiversThatAnswer(t, {
    'GET /v1/handover': events,
    'POST /v1/handover': JSON.stringify({ results: [{ ref: '1', result: 'stored' }] }),
  })
  const forgot = await forgetful(...drain)
  assert.deepEqual([forgot.code, forgot.out], [3, ''])
  assert.match(forgot.err, /gwh-receiver-1: POST \/v1\/handover: says nothing about some of the 2 events/)
  const keeping = await receiversThatAnswer(t, {
    'GET /v1/handover': events,
    'POST /v1/handover': JSON.stringify({ results: ['1', '2'].map((ref) => ({ ref, result: 'stored' })) }),
    'POST /v1/handover/done': JSON.stringify({ released: 1 }),
  })
  const kept = await keeping(...drain)
  assert.deepEqual([kept.code, kept.out], [3, ''])
  assert.match(kept.err, /released 1 of 2/)
})

test('a receiver that tells of fewer deliveries than it was asked about is not believed', async (t) => {
  const gwh = await receiversThatAnswer(t, {})
  for (const command of ['retry', 'replay']) {
    const { code, err } = await gwh(command, 'gwh-receiver-0/1', 'gwh-receiver-0/2')
    assert.equal(code, 3)
    assert.match(err, /gwh-receiver-0: was asked about 2 and tells of 0/)
  }
})

test('a receiver that goes round in circles is not asked for ever', async (t) => {
  const page = JSON.stringify({
    pending: [],
    deadLetters: [],
    kept: [],
    replayed: [],
    retried: [],
    unknown: [],
    cursor: 'again',
  })
  const calls = ['GET /v1/pending', 'GET /v1/deadletters', 'GET /v1/delivered', 'POST /v1/replay', 'POST /v1/retry']
  const gwh = await receiversThatAnswer(t, Object.fromEntries(calls.map((call) => [call, page])))
  for (const args of [
    ['deliveries', '-A'],
    ['deadletters', '-A'],
    ['delivered', '-A'],
    ['replay', '--all', '-A'],
    ['retry', '--all', '-A'],
  ]) {
    const { code, err } = await gwh(...args)
    assert.equal(code, 3, args.join(' '))
    assert.match(err, /goes round in circles/)
  }
})

test('gwh listen says what it cannot read of the stream', async (t) => {
  const gwh = await receiversThatAnswer(t, { 'GET /v1/deliveries/stream': '{"when":1}\n' })
  const { code, out, err } = await gwh('listen', '--recent=0', '-A')
  assert.deepEqual([code, out], [3, ''])
  assert.match(err, /gwh listen: gwh-receiver-0: GET \/v1\/deliveries\/stream: the answer cannot be judged: kind/)
})
