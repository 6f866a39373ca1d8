import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { before, test, type TestContext } from 'node:test'

import { systemClock } from '../../src/clock.ts'
import { pageAddresses } from '../../src/contract/page/addresses.ts'
import { startUi } from '../../src/ui/start-ui.ts'
import { uiConfig } from '../support/builders/ui-config.ts'
import { openSeverableLink } from '../support/doubles/severable-link.ts'
import { eventually } from '../support/measures/eventually.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { addWebhook, kubeconfigOf, prepareFewRights, type FewRights } from '../support/worlds/few-rights.ts'
import { PageClient } from '../support/worlds/page-client.ts'

const files = { 'index.html': '', 'page.js': '', 'page.css': '', 'icon.svg': '' }
const key = { namespace: 'team', name: 'batch-events' }

await withRealApiServer('the page of a user with few rights', (server) => {
  before(async () => {
    await prepareFewRights(server())
    for (const namespace of ['team', 'other']) await addWebhook(server(), namespace, key.name)
  })

  /** What a page gets that this user has opened. */
  async function pageOf(t: TestContext, user: FewRights, kubeconfig?: string) {
    kubeconfig ??= await kubeconfigOf(server(), user)
    const deps = { clock: systemClock, random: Math.random, version: '1.2.3', files }
    const ui = await startUi(uiConfig(`--kubeconfig=${kubeconfig}`), deps)
    t.after(() => ui.close())
    const page = await PageClient.open(ui.url)
    const stream = await page.stream()
    t.after(() => stream.close())
    return { page, stream }
  }

  test('who may see one namespace sees its objects, live, and is told each right that is missing', async (t) => {
    const { page, stream } = await pageOf(t, 'viewer')
    await stream.until('hello', ({ onlyNamespace }) => onlyNamespace === 'team')
    await stream.until('rows', ({ changed }) => changed.some(({ id }) => id === 'team/batch-events'))
    const { access } = await stream.until('access', ({ access }) => access.webhooks.may === 'yes')
    assert.deepEqual(access.receivers, {
      may: 'no',
      missing: [
        'list pods in namespace gemini-webhook-system',
        'create pods/portforward in namespace gemini-webhook-system',
        'get pods/portforward in namespace gemini-webhook-system',
      ],
    })
    const { why = '' } = await stream.until('receivers', ({ why }) => /403/.test(why ?? ''))
    assert.match(why, /pods/)

    const labelled = await server().kubectl(['-n', 'team', 'label', 'geminiwebhook', 'batch-events', 'seen=now'])
    assert.equal(labelled.code, 0, labelled.stderr)
    await stream.until('rows', ({ isComplete, changed }) => isComplete !== true && changed.length === 1)
    const ids = stream.of('rows').flatMap(({ changed }) => changed.map(({ id }) => id))
    assert.deepEqual([...new Set(ids)], ['team/batch-events'])

    const { body } = await page.get(pageAddresses.webhook, key)
    assert.deepEqual(body.may.send, {
      may: 'no',
      missing: ['get secrets "batch-events-signing-secret" in namespace team'],
    })
    assert.deepEqual(body.may.rotate, {
      may: 'no',
      missing: ['patch geminiwebhooks.webhooks.gemini-operator.io "batch-events" in namespace team'],
    })
    const rotated = await page.act({ action: 'rotate', ...key, typed: key.name })
    assert.equal(rotated.outcome, 'failed')
    assert.match(rotated.problem, /403/)
    const letters = await page.get(pageAddresses.deadLetters)
    assert.deepEqual([letters.body.items, letters.body.without.length], [[], 1])
  })

  test('what doctor may not read is a finding, not a failure of the page', async (t) => {
    const { stream } = await pageOf(t, 'viewer')
    const { findings } = await stream.until('findings', () => true)
    const open = new Set(findings.filter(({ state }) => state === 'Open').map(({ name }) => name))
    for (const name of ['controllers', 'receivers', 'leader']) assert.ok(open.has(name), JSON.stringify(findings))
  })

  test('an interruption on the way to the API server is over with it, not with the next change', async (t) => {
    const kubeconfig = await kubeconfigOf(server(), 'viewer')
    const { hostname, port, host } = new URL(server().serverUrl)
    const link = await openSeverableLink({ host: hostname, port: Number(port) })
    t.after(() => link.stop())
    await writeFile(kubeconfig, (await readFile(kubeconfig, 'utf8')).replace(host, link.address))
    const { stream } = await pageOf(t, 'viewer', kubeconfig)
    const state = () => stream.of('apiServer').at(-1)?.apiServer.state
    await stream.until('rows', ({ changed }) => changed.length > 0)
    link.sever()
    await eventually('the page that says so', () => state() === 'Away')
    link.restore()
    // Bookmarks come about every minute.
    await eventually('a page that is live', () => state() === 'Connected', { timeoutMs: 30_000 })
  })

  test('who may see nothing is told which right that takes', async (t) => {
    const { page, stream } = await pageOf(t, 'nobody')
    const { apiServer } = await stream.until('apiServer', ({ apiServer }) => apiServer.state === 'Forbidden')
    assert.deepEqual(apiServer, { state: 'Forbidden', missing: ['list geminiwebhooks in namespace team'] })
    assert.equal((await page.get(pageAddresses.webhook, key)).status, 404)
  })
})
