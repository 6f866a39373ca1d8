import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

import { gwhEnvironment } from '../../support/builders/gwh-environment.ts'
import { eventually } from '../../support/measures/eventually.ts'

test('"gwh sandbox --only=worker" takes CloudEvents and prints each, and nothing else of a sandbox runs', async (t) => {
  const worker = spawn(process.execPath, ['src/main.ts', 'sandbox', '--only=worker'], {
    env: gwhEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => worker.kill('SIGKILL'))
  const lines: string[] = []
  createInterface({ input: worker.stdout }).on('line', (line) => lines.push(line))
  const said = (what: RegExp) => eventually(String(what), () => lines.map((line) => what.exec(line)).find(Boolean))

  const { 1: url = '' } = (await said(/^Worker +(http:\S+) /)) ?? []
  const attributes = { 'ce-specversion': '1.0', 'ce-source': '//test', 'ce-id': 'msg_1', 'ce-subject': 'batches/b' }
  const headers = { ...attributes, 'ce-type': 'com.google.gemini.batch.succeeded' }
  const send = () => fetch(`${url}/events`, { method: 'POST', headers, body: '{}' })
  assert.equal((await send()).status, 204)
  await said(/^worker got +com\.google\.gemini\.batch\.succeeded batches\/b \(id msg_1, attempt 1\)$/)
  assert.equal((await send()).status, 204)
  await said(/ \(id msg_1, attempt 1, seen before\)$/)
  assert.equal((await fetch(`${url}/events`, { method: 'POST' })).status, 400)

  worker.kill('SIGTERM')
  await eventually('the end', () => worker.exitCode !== null && [worker.exitCode])
  assert.equal(worker.exitCode, 0)
  assert.equal(lines.length, 3, lines.join('\n'))
})
