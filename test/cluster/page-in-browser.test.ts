import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'

import type { Browser, Page } from 'playwright-core'

import { systemClock } from '../../src/clock.ts'
import { startUi } from '../../src/ui/start-ui.ts'
import { bundlePage } from '../../tools/bundle-page.ts'
import { uiConfig } from '../support/builders/ui-config.ts'
import { launchChromium, withoutChromium } from '../support/processes/chromium.ts'
import { withRealApiServer, type RunningControlPlane } from '../support/processes/real-api-server.ts'
import {
  addWebhook,
  allowToView,
  kubeconfigOf,
  prepareFewRights,
  type FewRights,
} from '../support/worlds/few-rights.ts'
import { openPage, type OpenedPage } from '../browser/support/browser-world.ts'

const name = 'the page of a user of few rights, in a browser on a real API server'
if (withoutChromium === false) await withRealApiServer(name, fewRights)
// Without a browser no control plane is looked for either.
else test(name, { skip: withoutChromium }, () => {})

const toReceivers =
  'list pods in namespace gemini-webhook-system, and to create pods/portforward in namespace gemini-webhook-system, and to get pods/portforward in namespace gemini-webhook-system'
/** The API server is asked again after at most 30 s. */
const again = { timeout: 60_000 }

function fewRights(server: () => RunningControlPlane): void {
  let browser: Browser
  before(async () => {
    await prepareFewRights(server())
    for (const id of ['team/batch-events', 'team/video-events', 'other/batch-events']) {
      const [namespace = '', name = ''] = id.split('/')
      await addWebhook(server(), namespace, name)
    }
    browser = await launchChromium()
  })
  after(() => browser?.close())

  /** What `gwh ui` shows to this user. */
  async function pageOf(t: TestContext, user: FewRights): Promise<OpenedPage> {
    const kubeconfig = await kubeconfigOf(server(), user)
    const deps = { clock: systemClock, random: Math.random, version: '1.2.3', files: await bundlePage() }
    const ui = await startUi(uiConfig(`--kubeconfig=${kubeconfig}`), deps)
    t.after(() => ui.close())
    const opened = await openPage(browser, ui.url, {})
    t.after(() => opened[Symbol.asyncDispose]())
    return opened
  }

  test('who may see one namespace sees it live, and is told which right each other thing takes', async (t) => {
    const { page, problems } = await pageOf(t, 'viewer')
    await rowOf(page, 'team/batch-events').waitFor()
    await page.getByText('namespace team', { exact: true }).waitFor()
    await addWebhook(server(), 'other', 'made-later')
    await addWebhook(server(), 'team', 'made-later')
    await rowOf(page, 'team/made-later').waitFor()
    assert.deepEqual(await namesOf(page), ['team/batch-events', 'team/made-later', 'team/video-events'])
    await page
      .locator('.notice', { hasText: 'Deliveries cannot be shown.' })
      .getByText(`The right to ${toReceivers} is missing for the user of the context test; everything else is shown.`)
      .waitFor()
    assert.match(await page.locator('.tile', { hasText: 'Deliveries, last hour' }).innerText(), /–$/, 'no false zero')

    await goTo(page, '#/dead-letters')
    await page.getByText(`Replay needs the right to ${toReceivers}.`).waitFor()
    await page.getByText('Receivers that could not be asked may keep some.').waitFor()
    assert.equal(await page.getByText(/No dead letter|0 kept/).count(), 0, 'it is not known that there is none')
    await goTo(page, '#/waiting')
    await page.getByText(`Retry needs the right to ${toReceivers}.`).waitFor()

    await goTo(page, '#/installation')
    await page.getByRole('row', { name: /^See GeminiWebhooks ✓ Yes/ }).waitFor()
    await page.getByRole('row', { name: /^See deliveries, .* No missing: list pods in namespace/ }).waitFor()
    await page
      .getByRole('row', { name: /^See what doctor reads ! No missing: .*leases\.coordination\.k8s\.io/ })
      .waitFor()
    await page
      .getByRole('row', { name: /^receivers ○ Open could not be read: .*"system:serviceaccount:team:viewer"/ })
      .waitFor()
    assert.deepEqual(problems, [])
  })

  test('what the user may not do keeps its place, says which right is missing, and does nothing', async (t) => {
    const { page, problems } = await pageOf(t, 'viewer')
    await rowOf(page, 'team/batch-events').getByRole('link').click()
    await page.getByRole('heading', { name: 'team / batch-events' }).waitFor()
    const told = page.getByRole('list', { name: 'Missing rights' }).getByRole('listitem')
    await told.first().waitFor()
    assert.deepEqual(await told.allInnerTexts(), [
      `Ping needs the right to get secrets "gemini" in namespace team, and to ${toReceivers}.`,
      'Send test event needs the right to get secrets "batch-events-signing-secret" in namespace team.',
      'Rotate needs the right to patch geminiwebhooks.webhooks.gemini-operator.io "batch-events" in namespace team.',
      `Retry and replay needs the right to ${toReceivers}.`,
    ])
    for (const action of ['Ping', 'Send test event', 'Rotate…']) {
      const button = page.getByRole('button', { name: action })
      assert.equal(await button.getAttribute('aria-disabled'), 'true', action)
      await button.press('Enter')
      assert.equal(await page.getByRole('dialog').count(), 0, action)
    }
    assert.deepEqual(problems, [])
  })

  test('who may see nothing is told which right that takes, and nothing false; given it, the page is live', async (t) => {
    const { page, problems } = await pageOf(t, 'nobody')
    const notice = page.locator('.notice', { hasText: 'You may not see GeminiWebhooks.' })
    await notice.waitFor()
    assert.match(
      await notice.innerText(),
      /The right to list geminiwebhooks in namespace team is missing .* context test\./,
    )
    // Opened again, when it is known what may be listed, it is told the same.
    await page.reload()
    await notice.waitFor()
    await page.getByText('GeminiWebhooks could not be listed').nth(1).waitFor()
    const main = await page.getByRole('main').innerText()
    assert.doesNotMatch(main, /No GeminiWebhook yet|is well|0 of 0|everything else is shown/)
    await goTo(page, '#/installation')
    await page
      .getByRole('row', { name: /^See GeminiWebhooks ! No missing: list geminiwebhooks.*namespace team/ })
      .waitFor()
    await goTo(page, '#/overview')
    assert.deepEqual(problems, [])

    await goTo(page, '#/webhook/team/batch-events')
    await page.getByText('team/batch-events cannot be shown').waitFor()
    await page.getByText('is not known, for GeminiWebhooks could not be listed').waitFor()
    await goTo(page, '#/overview')
    await mark(page)
    await allowToView(server(), 'nobody')
    await rowOf(page, 'team/batch-events').waitFor(again)
    await notice.waitFor({ state: 'hidden' })
    assert.equal(await isMarked(page), true, 'without a reload')
    assert.deepEqual(problems, ['Failed to load resource: the server responded with a status of 404 (Not Found)'])
  })

  test('the API server goes away and comes back: the page says so, and is live again by itself', async (t) => {
    const { page, problems } = await pageOf(t, 'viewer')
    const notice = page.locator('.notice', { hasText: 'The Kubernetes API does not answer' })
    await rowOf(page, 'team/batch-events').waitFor()
    await mark(page)
    await server().leave()
    await page.getByText('cluster away', { exact: true }).waitFor()
    assert.match(await notice.innerText(), /no answer from the API server.* as they were last seen/)
    assert.ok((await namesOf(page)).includes('team/video-events'), 'what was seen is still shown')
    await server().comeBack()
    await addWebhook(server(), 'team', 'made-meanwhile')
    await rowOf(page, 'team/made-meanwhile').waitFor(again)
    await page.getByText('live', { exact: true }).waitFor()
    await notice.waitFor({ state: 'hidden' })
    await addWebhook(server(), 'team', 'made-afterwards')
    await rowOf(page, 'team/made-afterwards').waitFor()
    assert.equal(await isMarked(page), true, 'without a reload')
    assert.deepEqual(problems, [])
  })
}

function rowOf(page: Page, id: string) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name: id, exact: true }) })
}

async function namesOf(page: Page): Promise<string[]> {
  const names = await page.getByRole('row').getByRole('link').allInnerTexts()
  return names.toSorted()
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}${hash}`)
}

/** A page that is loaded anew has lost it. As text, for these tests know no DOM. */
async function mark(page: Page): Promise<void> {
  await page.evaluate('window.isMarked = true')
}

function isMarked(page: Page): Promise<unknown> {
  return page.evaluate('window.isMarked')
}
