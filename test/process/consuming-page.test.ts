import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { Webhook as StandardWebhook } from 'standardwebhooks'

import { eventually } from '../support/measures/eventually.ts'
import { blocksOf } from '../support/measures/page-commands.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import { startPageSandbox } from '../support/worlds/page-sandbox.ts'

test('who follows the page has a program on this machine that gets signed events, and each again at will', async (t) => {
  const sandbox = await startPageSandbox(t)
  if (sandbox === undefined) return
  const reader = await startReadersProgram(t)
  const inShell = async (lines: string) => {
    const { printed, code } = await sandbox.type(`set -euo pipefail\n${lines}`)
    assert.equal(code, 0, `${lines}\n${printed}`)
    return printed
  }

  const [prepare = '', ...commands] = documented()
  const printed = await inShell(prepare.replace(/^\. .*$/m, '').replace(':8000', `:${reader.port}`))
  const [secret = ''] = /^whsec_\S+$/m.exec(printed) ?? []
  recordSecret(secret)
  const [send = '', replay = '', deliveries = '', retry = '', deadLetters = ''] = commands

  await inShell(send)
  await eventually('the refused event waits', async () => (await inShell(deliveries)).includes('unauthorized 401'))
  reader.secret = secret
  await inShell(retry)
  await eventually('it is taken', () => reader.taken.length === 1)
  await eventually('it is kept', async () => (await inShell(replay)).includes('1 will be sent again.'))
  await eventually('it is taken again', () => reader.taken.length === 2)

  const [first, again] = reader.taken
  assert.deepEqual(again, { ...first, replayed: 'true' })
  assert.equal(first?.type, 'com.google.gemini.batch.failed')
  assert.match(await inShell(deadLetters), /^No dead letters\.$/m)
})

/** The first block of the section as a whole, then the commands of the second one by one. */
function documented(): string[] {
  const section = blocksOf('docs/consuming.md').filter(({ headings }) => headings.at(-1) === 'Try it on your machine')
  assert.deepEqual(
    section.map(({ language }) => language),
    ['sh', 'sh'],
  )
  const [prepare, use] = section.map(({ text }) => text)
  return [prepare ?? '', ...(use ?? '').trimEnd().split('\n')]
}

/** As the page asks: 401 to what its secret did not sign, 204 to the rest. Without a secret, all is 401. */
async function startReadersProgram(t: TestContext) {
  const state = { secret: '', taken: [] as Record<'id' | 'source' | 'type' | 'replayed', unknown>[] }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const headers = request.headers as Record<string, string>
      try {
        new StandardWebhook(state.secret).verify(Buffer.concat(chunks), headers)
      } catch {
        return response.writeHead(401).end()
      }
      const [id, source, type, replayed] = ['ce-id', 'ce-source', 'ce-type', 'ce-replayed'].map((name) => headers[name])
      state.taken.push({ id, source, type, replayed })
      return response.writeHead(204).end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close().closeAllConnections())
  return Object.assign(state, { port: (server.address() as AddressInfo).port })
}
