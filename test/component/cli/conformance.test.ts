import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { gwhCommand } from '../../support/processes/gwh-command.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { startSimulator } from '../../support/worlds/simulator.ts'

async function aService(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-conformance-'))
  t.after(() => rm(folder, { recursive: true }))
  const simulated = await startSimulator(t)
  const { url, apiKey } = simulated
  const flags = [`--google-base-url=${url}`, '--max-webhooks=1']
  const gwh = (...args: string[]) => gwhCommand({}, { GEMINI_API_KEY: apiKey })('conformance', ...flags, ...args)
  return { ...simulated, folder, flags, gwh }
}

test('gwh conformance leaves nothing, says what it found, and what has changed since', async (t) => {
  const { admin, folder, gwh, apiKey } = await aService(t)
  const foreign = { name: 'of others', uri: 'https://a.test/', subscribedEvents: ['batch.failed'] }
  const before = admin.createWebhook('project-a', foreign)
  const file = join(folder, 'answers.json')
  const first = await gwh(`--file=${file}`)
  assert.equal(first.code, 0, first.err)
  assert.match(first.out, /^errorShape +rpc +/m)
  assert.match(first.out, /^pingType +- +it takes --public-url$/m)
  assert.match(first.out, /^20 of 20 promises hold; \d+ of \d+ switches were found out\.$/m)

  admin.setSwitches({ times: 'sent', updateMask: 'honoured' })
  const second = await gwh(`--since-file=${file}`, '-o', 'json')
  assert.equal(second.code, 1)
  const { changes } = JSON.parse(second.out) as { changes: unknown }
  assert.deepEqual(changes, [
    { what: 'times', before: 'omitted', now: 'sent' },
    { what: 'updateMask', before: 'ignored', now: 'honoured' },
  ])
  assert.deepEqual(admin.webhooks(), [{ ...before, project: 'project-a' }])
  const printed = [first.out, first.err, second.out, second.err, await readFile(file, 'utf8')].join('\n')
  assert.doesNotMatch(printed, /whsec_[A-Za-z0-9+/]{5}/)
  assert.ok(!printed.includes(apiKey))
})

test('a promise that does not hold fails it, and is named', async (t) => {
  const { admin, gwh } = await aService(t)
  admin.addFault({ verb: 'ping', times: 0, effect: { type: 'garble', how: 'html' } })
  admin.addFault({ verb: 'update', times: 0, effect: { type: 'status', status: 400 } })
  const { code, out } = await gwh()
  assert.equal(code, 1)
  assert.match(out, /^\/v1beta: update changes the given fields and nothing else: webhooks\.update answered 400/m)
  assert.match(out, /^errorShape +- +it could not be asked: the service answered 400 to an update/m)
  assert.deepEqual(admin.webhooks(), [])
})

test('a service that fails is neither a refusal nor a promise that does not hold', async (t) => {
  const { admin, folder, gwh } = await aService(t)
  const file = join(folder, 'answers.json')
  assert.equal((await gwh(`--file=${file}`)).code, 0)
  // Of all calls but those that make and delete: no run is without them.
  for (const verb of ['update', 'rotateSigningSecret'] as const)
    admin.addFault({ verb, times: 0, effect: { type: 'status', status: 503 } })
  const { code, out } = await gwh(`--since-file=${file}`, '-o', 'json')
  assert.equal(code, 3, out)
  const { switches, changes } = JSON.parse(out) as { switches: Record<string, unknown>; changes: unknown }
  assert.deepEqual(changes, [])
  for (const name of ['setFailedState', 'uriHttp', 'maxNameCharacters', 'uppercaseRevocation', 'rotateWhileDisabled'])
    assert.ok(!(name in switches), name)
  assert.deepEqual(admin.webhooks(), [])
})

test('deletions that fail for a while are tried again', async (t) => {
  const { admin, gwh } = await aService(t)
  admin.addFault({ verb: 'delete', probability: 0.3, times: 0, effect: { type: 'status', status: 503 } })
  const { code, err } = await gwh()
  assert.notEqual(code, 1, err)
  assert.deepEqual(admin.webhooks(), [])
})

test('what could not be deleted is told, with what to do, also to somebody who ended the run', async (t) => {
  const { admin, gwh } = await aService(t)
  admin.addFault({ verb: 'delete', times: 0, effect: { type: 'status', status: 403 } })
  const run = gwh()
  await eventually('a webhook', () => admin.webhooks().length > 0)
  process.emit('SIGINT')
  const { code, err } = await run
  assert.equal(code, 1)
  assert.match(err, /webhooks of this run may be left .*: run "gwh conformance --clean-up"/)
})

test('a service that is not there is named, with what to check', async (t) => {
  const { gwh, admin, url } = await aService(t)
  admin.addFault({ times: 0, effect: { type: 'reset', when: 'beforeCommit' } })
  const { code, out, err } = await gwh()
  assert.deepEqual([code, out], [1, ''])
  assert.ok(err.includes(`${url} did not answer`), err)
  assert.match(err, /check the address, DNS, TLS, proxies and the network/)
})

test('what a list shows without an id is not deleted', async (t) => {
  const { admin, gwh } = await aService(t)
  admin.createWebhook('project-a', { name: 'gwh-conformance abcdef 1', uri: 'https://a.test/', subscribedEvents: [] })
  admin.addFault({ verb: 'list', times: 0, effect: { type: 'rewrite', replace: '"id"', by: '"webhook_id"' } })
  const { code, err } = await gwh('--clean-up')
  assert.equal(code, 1)
  assert.match(err, /shows a webhook of this check without an id/)
  assert.equal(admin.calls().counts.delete.received, 0)
})

test('answers that are lost leave nothing either', async (t) => {
  const { admin, gwh } = await aService(t)
  admin.addFault({ verb: 'create', probability: 0.6, times: 0, effect: { type: 'reset', when: 'afterCommit' } })
  await gwh()
  const { create } = admin.calls().counts
  assert.ok(create.committed > 0)
  assert.deepEqual(admin.webhooks(), [])
})

test('interrupted, it deletes what it made and says that nothing is known', async (t) => {
  const { admin, gwh } = await aService(t)
  const run = gwh()
  await eventually('a webhook', () => admin.webhooks().length > 0)
  process.emit('SIGINT')
  const { code, out, err } = await run
  assert.deepEqual([code, out], [3, ''])
  assert.match(err, /ending; what was made is deleted first/)
  assert.deepEqual(admin.webhooks(), [])
})

test('gwh conformance --clean-up deletes what carries its name, and nothing else', async (t) => {
  const { admin, gwh } = await aService(t)
  const [own, others] = [
    ['gwh-conformance abcdef 1', 'gwh-conformance 012345 27xxxxxxxx'],
    ['gwh-conformance', 'a gwh-conformance b', 'gwh-conformance of our team', 'gwh-conformance abcdef 1 (copy)'],
  ]
  for (const name of [...own, ...others])
    admin.createWebhook('project-a', { name, uri: 'https://a.test/', subscribedEvents: ['batch.failed'] })
  const { code, out } = await gwh('--clean-up')
  assert.deepEqual([code, out], [0, 'webhooks deleted: 2\n'])
  assert.deepEqual(
    admin.webhooks().map(({ name }) => name),
    others,
  )
})

test('the API key comes from a file or from GEMINI_API_KEY, and is not repeated', async (t) => {
  const { folder, flags, apiKey } = await aService(t)
  const file = join(folder, 'key')
  await writeFile(file, `${apiKey}\n`)
  const ask = gwhCommand({}, {})
  assert.equal((await ask('conformance', ...flags, '--clean-up', `--api-key-file=${file}`)).code, 0)
  const without = await ask('conformance', ...flags)
  assert.deepEqual([without.code, without.out], [1, ''])
  assert.match(without.err, /GEMINI_API_KEY is not set, or is no API key/)
  await writeFile(file, 'two words')
  const wrong = await ask('conformance', ...flags, `--api-key-file=${file}`)
  assert.match(wrong.err, /--api-key-file: the file does not hold an API key/)
  assert.ok(!wrong.err.includes('two words'))
})

test('a file that is no report, and jobs without an address, are refused', async (t) => {
  const { folder, gwh } = await aService(t)
  const file = join(folder, 'other.json')
  for (const text of ['', '[]', '{"time":"then","switches":{}}']) {
    await writeFile(file, text)
    assert.match((await gwh(`--since-file=${file}`)).err, /--since-file: is not what "gwh conformance --file" writes/)
  }
  const { code, err } = await gwh('--with-jobs')
  assert.equal(code, 2)
  assert.match(err, /with-jobs: has no use without public-url/)
})

test('all pages of what is left are read, in whichever case the service names its fields', async (t) => {
  const { admin, gwh } = await aService(t)
  for (let nth = 1; nth <= 1_002; nth++)
    admin.createWebhook('project-a', {
      name: `gwh-conformance abcdef ${nth}`,
      uri: `https://a.test/${nth}`,
      subscribedEvents: ['batch.failed'],
    })
  const effect = { type: 'rewrite', replace: 'next_page_token', by: 'nextPageToken' } as const
  admin.addFault({ verb: 'list', times: 0, effect })
  assert.equal((await gwh('--clean-up')).out, 'webhooks deleted: 1002\n')
  assert.deepEqual(admin.webhooks(), [])
})
