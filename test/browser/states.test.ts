import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { PageMessage } from '../../src/contract/page/messages.ts'
import { withoutChromium } from '../support/processes/chromium.ts'
import { eventually } from '../support/measures/eventually.ts'
import { browserWorld } from './support/browser-world.ts'
import { allRights, aRow, noonMs, overviewOf } from './support/fixtures.ts'
import { aHello, fourRows, greeting, knowFourWebhooks } from './support/pages.ts'

/** What a stream says before anything of the cluster was read. */
const onlyHello: PageMessage[] = [aHello, { type: 'apiServer', apiServer: { state: 'Connecting' } }]

describe('every state of the page is designed', { skip: withoutChromium }, () => {
  const world = browserWorld()

  test('nothing there yet: the manifest to apply', async () => {
    const { server, open } = world()
    knowFourWebhooks(server, [])
    await using opened = await open()
    const { page } = opened
    await page.getByText('No GeminiWebhook yet').waitFor()
    await page.getByText('kind: GeminiWebhook').waitFor()
    await page.getByText('Everything that can be seen is well.').waitFor()
  })

  test('nothing there yet, in the playground: the way there', async () => {
    const { server, open } = world()
    server.begin = greeting([], { playground: true })
    await using opened = await open()
    const { page } = opened
    await page.getByRole('main').getByRole('link', { name: 'Playground' }).click()
    await page.getByRole('heading', { name: 'Playground', level: 1 }).waitFor()
  })

  test('loading: what is known is shown, what is not says what it waits for', async () => {
    const { server, open } = world()
    server.begin = onlyHello
    await using opened = await open()
    const { page } = opened
    await page.getByText('Loading GeminiWebhooks …').waitFor()
    assert.equal(await page.getByText('No GeminiWebhook yet').count(), 0, 'it is not known that there is none')
    server.push({ type: 'rows', isStart: true, changed: [aRow()], removed: [] })
    await page.getByText('still loading').waitFor()
  })

  test('no right to see GeminiWebhooks: which right, for whom, and what to do', async () => {
    const { server, open } = world()
    const missing = ['list geminiwebhooks.webhooks.gemini-operator.io in all namespaces']
    server.begin = [aHello, { type: 'apiServer', apiServer: { state: 'Forbidden', missing } }]
    await using opened = await open()
    const { page } = opened
    const notice = page.locator('.notice', { hasText: 'You may not see GeminiWebhooks.' })
    assert.match(await notice.innerText(), /list geminiwebhooks.* in all namespaces is missing .* context prod-eu-1/)
  })

  test('no right to reach the receivers: the missing right, and everything else is shown', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const missing = ['create pods/portforward in namespace gemini-webhook-system']
    server.begin = [...server.begin, { type: 'access', access: { ...allRights, receivers: { may: 'no', missing } } }]
    await using opened = await open()
    const { page } = opened
    await page.getByText('create pods/portforward in namespace gemini-webhook-system').waitFor()
    await page.getByRole('row', { name: /ml\/batch-events/ }).waitFor()
  })

  test('an API server without GeminiWebhooks, and one that is away: what is shown is what was last seen', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open()
    const { page } = opened
    await page.getByText('live', { exact: true }).waitFor()
    const why = 'connect ECONNREFUSED 127.0.0.1:6443'
    server.push({ type: 'apiServer', apiServer: { state: 'Away', why, sinceMs: noonMs - 30_000 } })
    await page.getByText('The Kubernetes API does not answer').waitFor()
    await page.getByText('cluster away').waitFor()
    await page.getByRole('row', { name: /ml\/batch-events/ }).waitFor()
    server.push({ type: 'apiServer', apiServer: { state: 'NoCRD' } })
    await page.getByText('The API server does not know GeminiWebhooks.').waitFor()
    server.push({ type: 'apiServer', apiServer: { state: 'Connected' } })
    await page.getByText('live', { exact: true }).waitFor()
  })

  test('a receiver that does not answer is named, and needs attention', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const receiver = {
      pod: 'gwh-receiver-1',
      state: 'Unreachable',
      why: 'connection refused',
      sinceMs: noonMs,
    } as const
    server.begin = [...server.begin, { type: 'receivers', receivers: [receiver] }]
    await using opened = await open()
    const { page } = opened
    await page.locator('.notice').getByText('gwh-receiver-1 does not answer.').waitFor()
    await page.getByRole('link', { name: 'gwh-receiver-1 does not answer' }).click()
    await page.getByRole('row', { name: /gwh-receiver-1 Unreachable/ }).waitFor()
  })

  test('the process was away: it says so, keeps what it knows, and is live again by itself', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open()
    const { page } = opened
    await page.getByText('live', { exact: true }).waitFor()
    await server.leave()
    await page.getByText('Reconnecting.', { exact: true }).waitFor()
    await page.getByRole('row', { name: /ml\/batch-events/ }).waitFor()
    server.begin = greeting([...fourRows, aRow({ name: 'made-meanwhile' })])
    await server.comeBack()
    await page.getByRole('row', { name: /ml\/made-meanwhile/ }).waitFor()
    await page.getByText('live', { exact: true }).waitFor()
    await page.getByText('Reconnecting.', { exact: true }).waitFor({ state: 'hidden' })
  })

  test('another start of the process does not know the page: it says so and what to open', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open()
    const { page } = opened
    await page.getByText('live', { exact: true }).waitFor()
    await server.leave()
    await server.comeBackAnew()
    await page.getByText('This page has ended.').waitFor()
    await page.getByText('ended', { exact: true }).waitFor()
    await using another = await open()
    await another.page.getByText('live', { exact: true }).waitFor()
  })

  test('another start of the process may have another page: it is loaded anew', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open()
    const { page } = opened
    await page.getByText('live', { exact: true }).waitFor()
    await page.evaluate(() => Object.assign(window, { isOld: true }))
    server.push({ ...aHello, start: 'two' })
    server.begin = greeting(fourRows, { start: 'two' })
    await eventually('the page loaded anew', () => page.evaluate(() => !('isOld' in window)))
    await page.getByText('live', { exact: true }).waitFor()
  })

  test('names of 253 characters and thousands of figures break no layout, wide or narrow', async () => {
    const { server, open } = world()
    const name = `${'long-'.repeat(50)}end`
    const rows = [
      aRow({ name, namespace: 'n'.repeat(63), pending: 1_234_567, health: 'SinkFailing', message: 'x'.repeat(400) }),
    ]
    knowFourWebhooks(server, rows)
    server.begin = [...server.begin, { type: 'overview', overview: { ...overviewOf(rows), total: 5_000 } }]
    for (const width of [1280, 400]) {
      await using opened = await open('', { viewport: { width, height: 800 } })
      const { page } = opened
      const row = page.getByRole('row', { name: new RegExp(name) })
      await row.waitFor()
      assert.equal(await overflowOf(page), 0, `overview, ${width} px`)
      await row.getByRole('link').click()
      await page.getByRole('heading', { name: new RegExp(name) }).waitFor()
      await page.locator('.chain').waitFor()
      assert.equal(await overflowOf(page), 0, `webhook, ${width} px`)
    }
  })
})

/** How far the page is wider than the window. */
function overflowOf(page: { evaluate: (get: () => number) => Promise<number> }): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
