import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import type { Browser, Page } from 'playwright-core'

import { launchChromium, withoutChromium } from '../support/processes/chromium.ts'
import { SandboxProcess } from '../support/processes/sandbox-process.ts'
import { openPage, type OpenedPage } from './support/browser-world.ts'

const webhook = '#/webhook/default/all-events'

/** What a newcomer sees and does in a real `gwh sandbox`, by its page alone. Each test stands on those before. */
describe('the page of a sandbox in a browser', { skip: withoutChromium }, () => {
  const parts = new AsyncDisposableStack()
  let opened: OpenedPage
  before(async () => {
    const sandbox = parts.use(await SandboxProcess.start('--speed=100'))
    const browser: Browser = await launchChromium()
    parts.defer(() => browser.close())
    opened = parts.use(await openPage(browser, sandbox.pageUrl, {}))
  })
  after(() => parts.disposeAsync())

  test('a webhook made in the playground is registered, proven and Ready; its chain is whole', async () => {
    const { page } = opened
    await page.getByText('No GeminiWebhook yet').waitFor()
    await goTo(page, '#/playground')
    await press(page, 'Create a registered webhook')
    await page.getByRole('link', { name: 'Look' }).click()
    await page.getByRole('heading', { name: 'default / all-events' }).waitFor()
    await page.getByText('No link is broken.').waitFor()
    await page.locator('.spans .span.secret').waitFor()
    await page.getByText(/^whsec_\S+ is in force since/).waitFor()
  })

  test('a batch that finishes is seen live, and followed from Google to the worker, with its headers', async () => {
    const { page } = opened
    await goTo(page, '#/playground')
    await press(page, 'Finish a batch')
    await page.getByRole('link', { name: 'Look' }).click()
    await goTo(page, '#/deliveries')
    await page
      .getByRole('row', { name: /sink worker Delivered/ })
      .first()
      .getByRole('link')
      .click()
    const steps = page.locator('.waterfall li')
    await steps.nth(4).waitFor()
    const told = (await steps.allInnerTexts()).join('\n')
    for (const step of [/sent/i, /received/i, /verified/i, /stored/i, /worker/i]) assert.match(told, step)
    await page.getByRole('row', { name: /^webhook-id/ }).waitFor()
    await page.getByRole('row', { name: /^worker Delivered/ }).waitFor()
  })

  test('ping, a test event and a rotation are done from the page, and told', async () => {
    const { page } = opened
    await goTo(page, webhook)
    await page.getByRole('button', { name: 'Ping' }).click()
    await seeDone(page)
    await page.getByRole('button', { name: 'Send test event' }).click()
    await page.getByRole('dialog').getByLabel('Type').selectOption('batch.failed')
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click()
    await seeDone(page)
    await page.getByRole('button', { name: 'Rotate…' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('all-events')
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await seeDone(page)
    await page.getByText(/is still accepted until/).waitFor()
    assert.equal(await page.locator('.spans .lane .span:not(.window)').count(), 2, 'the former secret overlaps')
  })

  test('a worker that refuses makes a dead letter; mended, it gets it by a replay, after a question with the count', async () => {
    const { page } = opened
    await goTo(page, '#/playground')
    await press(page, 'Break it: 400, given up at once')
    await press(page, 'Finish a batch')
    await goTo(page, '#/dead-letters')
    await page.getByText('1 kept').waitFor()
    await page
      .getByRole('row', { name: /worker.*batch\.succeeded/ })
      .getByRole('link')
      .click()
    await page.getByRole('button', { name: 'Show the body' }).click()
    assert.match(await page.getByLabel('Body', { exact: true }).innerText(), /"batch\.succeeded"/)

    await goTo(page, '#/playground')
    await press(page, 'Mend it')
    await goTo(page, '#/dead-letters')
    await page.getByRole('button', { name: 'Replay all…' }).click()
    await page.getByRole('dialog').getByText('1 dead letter will be sent again').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
    await seeDone(page)
    await page.getByText('✓ No dead letter').waitFor()
  })

  test('a broken worker is the first broken link, needs attention with a remedy, and what waits is retried', async () => {
    const { page } = opened
    await goTo(page, '#/playground')
    await press(page, 'Break it: 503, tried again')
    await press(page, 'Finish a batch')
    await goTo(page, webhook)
    await page.getByText('Broken: sink worker.').waitFor({ timeout: 60_000 })
    assert.match(await page.locator('.chain .first-broken').innerText(), /Sink worker/)
    await goTo(page, '#/overview')
    await page.getByRole('link', { name: /default\/all-events: sink worker takes nothing/ }).waitFor()

    await goTo(page, '#/playground')
    await press(page, 'Mend it')
    await goTo(page, webhook)
    await page.getByRole('button', { name: /^Retry now/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Retry now' }).click()
    await seeDone(page)
    await page.getByText('No link is broken.').waitFor({ timeout: 60_000 })
  })

  test('forged requests are refused and seen to be; the deleted Secret is there again', async () => {
    const { page } = opened
    await goTo(page, '#/playground')
    await press(page, 'Signed with another secret')
    await goTo(page, '#/deliveries')
    await page
      .getByRole('row', { name: /BadSignature/ })
      .first()
      .waitFor()
    await goTo(page, '#/playground')
    await press(page, 'Delete the signing Secret')
    await goTo(page, webhook)
    await page.getByText('No link is broken.').waitFor()
  })

  test('the installation tells what doctor finds, and the receivers', async () => {
    const { page } = opened
    await goTo(page, '#/installation')
    await page.getByRole('row', { name: /gwh-receiver-0 Connected/ }).waitFor()
    await page.getByRole('row', { name: /CRD ✓ Good/ }).waitFor()
  })

  test('nothing of it all broke the policy or threw', () => {
    assert.deepEqual(opened.problems, [])
  })
})

async function goTo(page: Page, hash: string): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}${hash}`)
}

/** On the playground, until it has told what it did. */
async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
  await page.getByText('Doing it …').waitFor({ state: 'hidden' })
  const problem = page.locator('.notice.bad')
  if ((await problem.count()) > 0) assert.fail(await problem.first().innerText())
}

async function seeDone(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Close' }).waitFor({ timeout: 60_000 })
  assert.match(await dialog.innerText(), /Done\./)
  await dialog.getByRole('button', { name: 'Close' }).click()
}
