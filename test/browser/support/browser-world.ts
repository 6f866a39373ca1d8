import { after, before } from 'node:test'

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

import { launchChromium } from '../../support/processes/chromium.ts'
import { startFixtureServer, type FixtureServer } from './fixture-server.ts'

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page
  /** Exceptions, and errors on the console: a violation of the policy is one. */
  readonly problems: string[]
}

interface BrowserWorld {
  readonly server: FixtureServer
  /** Opens the page there, such as `#/webhooks`, in a profile of its own; `first` runs in it before its own code. */
  readonly open: (hash?: string, options?: BrowserContextOptions, first?: () => void) => Promise<OpenedPage>
}

/** A browser and a server for the tests of one suite; a test asks for them when it runs. */
export function browserWorld(): () => BrowserWorld {
  let browser: Browser | undefined
  let server: FixtureServer | undefined
  before(async () => {
    server = await startFixtureServer()
    browser = await launchChromium()
  })
  after(async () => {
    await browser?.close()
    await server?.leave()
  })
  return () => {
    if (browser === undefined || server === undefined) throw new Error('neither is there before the tests run')
    const [running, known] = [browser, server]
    return {
      server: known,
      open: (hash = '', options = {}, first) => openPage(running, `${known.url}${hash}`, options, first),
    }
  }
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  first?: () => void,
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  if (first !== undefined) await page.addInitScript(first)
  await page.goto(url)
  return { page, problems, [Symbol.asyncDispose]: () => context.close() }
}
