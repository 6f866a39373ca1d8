/**
 * `npm run screenshots`: makes docs/images/page-*.png from a running sandbox, whose story it plays through its own page
 * first. Needs Chromium: CHROME_PATH, or on PATH.
 */
import { mkdirSync, statSync } from 'node:fs'

import type { Browser, Page } from 'playwright-core'

import { launchChromium } from '../test/support/processes/chromium.ts'
import { SandboxProcess } from '../test/support/processes/sandbox-process.ts'

const folder = 'docs/images'
/** A picture in a README is loaded by everybody who looks at it. */
const maxBytes = 150_000
const webhook = '#/webhook/default/batch-events'
/** From the newest delivery, which the worker refuses. */
const refused = /sink worker Tried again/

await using sandbox = await SandboxProcess.start('--speed=100')
const browser = await launchChromium()
try {
  await play(browser)
  mkdirSync(folder, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await open(browser, colorScheme)
    await page.getByText('takes nothing').first().waitFor()
    await save(page, `page-overview-${colorScheme}`)
    await goTo(page, webhook)
    await page.getByText('Broken: sink worker.').waitFor()
    await save(page, `page-webhook-${colorScheme}`)
    await page.getByRole('row', { name: refused }).first().getByRole('link').click()
    await page.getByText('At its sinks').waitFor()
    await save(page, `page-delivery-${colorScheme}`)
    await page.context().close()
  }
} finally {
  await browser.close()
}

async function open(browser: Browser, colorScheme: 'light' | 'dark'): Promise<Page> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  await page.goto(sandbox.pageUrl)
  return page
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}${hash}`)
}

/** A webhook, events that arrive, a worker that breaks, events that wait. */
async function play(browser: Browser): Promise<void> {
  const page = await open(browser, 'light')
  await goTo(page, '#/playground')
  await press(page, 'Create a registered webhook')
  await goTo(page, webhook)
  await page.getByText('No link is broken.').waitFor()
  await goTo(page, '#/playground')
  for (let times = 0; times < 12; times++) await press(page, 'Finish a batch')
  await press(page, 'Rotate at Google')
  await press(page, 'Break it: 503, tried again')
  for (let times = 0; times < 4; times++) await press(page, 'Finish a batch')
  await goTo(page, webhook)
  await page.getByText('Broken: sink worker.').waitFor({ timeout: 60_000 })
  await page.context().close()
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
  await page.getByText('Doing it …').waitFor({ state: 'hidden' })
}

async function save(page: Page, name: string): Promise<void> {
  const path = `${folder}/${name}.png`
  await page.mouse.move(0, 0)
  await page.screenshot({ path })
  const { size } = statSync(path)
  if (size > maxBytes) throw new Error(`${path} has ${size} bytes, more than ${maxBytes}: show less`)
  process.stdout.write(`${path}: ${(size / 1_000).toFixed(0)} kB\n`)
}
