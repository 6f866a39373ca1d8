import { delimiter, join } from 'node:path'

import { chromium, type Browser } from 'playwright-core'

import { isExecutable } from './is-executable.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']

/**
 * CHROME_PATH, or the first on PATH; undefined without one. Throws where GWH_REQUIRE_BROWSER=1 forbids to go on
 * without.
 */
export function findChromium(environment = process.env): string | undefined {
  const { CHROME_PATH: given, PATH = '', GWH_REQUIRE_BROWSER: required } = environment
  const candidates = given
    ? [given]
    : PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)))
  const found = candidates.find(isExecutable)
  if (found === undefined && (given || required === '1')) {
    throw new Error(`no Chromium: neither CHROME_PATH (${given ?? 'not set'}) nor PATH has one`)
  }
  return found
}

/** For `skip` of a test or suite: its reason, which the summary shows. */
export const withoutChromium =
  findChromium() === undefined && 'no Chromium: set CHROME_PATH or put chromium on PATH to run this'

/** As root, as in a container, Chromium has no sandbox; the pages that it opens here are our own. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium was found')
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
}
