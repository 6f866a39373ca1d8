import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'

import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

import { pageAddresses } from '../../src/contract/page/addresses.ts'
import { withoutChromium } from '../support/processes/chromium.ts'
import { browserWorld } from './support/browser-world.ts'
import { someEntries } from './support/fixtures.ts'
import { greeting, fourRows, knowFourWebhooks } from './support/pages.ts'
import { aPlayground } from './support/playground.ts'
import { knowRoutes } from './support/routes.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const pages = {
  overview: ['#/overview', '.chart canvas'],
  webhooks: ['#/webhooks', '[role=grid]'],
  webhook: ['#/webhook/search/nightly-eval', '.chain'],
  deliveries: ['#/deliveries', '[role=grid]'],
  delivery: ['#/delivery/search/nightly-eval/msg_b3eb94c3-c475', '.waterfall'],
  'dead letters': ['#/dead-letters', '[role=grid]'],
  pending: ['#/waiting', '[role=grid]'],
  installation: ['#/installation', 'table'],
  playground: ['#/playground', '.thirds'],
  'list with routes': ['#/webhooks', '[role=grid][aria-label=Routes]'],
  route: ['#/route/ads/refused', '.chain'],
} as const

/** Of the rules of axe-core, those broken badly enough to keep somebody out, and where. */
async function findingsOf(page: Page): Promise<string[]> {
  // Not by a script element: the policy of the page refuses those.
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}

describe('the page can be used by everybody', { skip: withoutChromium }, () => {
  const world = browserWorld()

  for (const colorScheme of ['light', 'dark'] as const)
    for (const [name, [hash, shown]] of Object.entries(pages))
      test(`axe finds nothing serious: ${name}, ${colorScheme}`, async () => {
        const { server, open } = world()
        knowFourWebhooks(server)
        server.begin = greeting(fourRows, { playground: true })
        if (name.includes('route')) knowRoutes(server)
        const kept = {
          namespace: 'ops',
          name: 'slack',
          eventId: 'msg_1',
          eventType: 'batch.failed',
          sink: 'slack',
          attempts: 1,
        }
        const letter = { ...kept, id: 'p/1', pod: 'p', reason: 'Exhausted', endedAt: '2026-11-29T11:00:00Z' }
        const waits = { ...kept, id: 'p/1', pod: 'p', state: 'waiting', replayed: false, since: letter.endedAt }
        server.answers.set(pageAddresses.deadLetters, () => ({ body: { items: [letter], total: 1, without: [] } }))
        server.answers.set(pageAddresses.pending, () => ({ body: { items: [waits], total: 1, without: [] } }))
        server.answers.set(`${pageAddresses.playground}state`, () => ({ body: aPlayground() }))
        await using opened = await open(hash, { colorScheme, reducedMotion: 'reduce' })
        await opened.page.locator(shown).first().waitFor()
        assert.deepEqual(await findingsOf(opened.page), [])
      })

  test('axe finds nothing serious: the question before an action, both colour schemes', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    for (const colorScheme of ['light', 'dark'] as const) {
      await using opened = await open('#/webhook/search/nightly-eval', { colorScheme })
      await opened.page.getByRole('button', { name: 'Rotate…' }).click()
      await opened.page.getByRole('dialog').waitFor()
      assert.deepEqual(await findingsOf(opened.page), [])
    }
  })

  test('the focus can be seen wherever the tab key leads', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open('#/webhook/search/nightly-eval')
    const { page } = opened
    await page.locator('.chain').waitFor()
    const seen = new Set<string>()
    for (let stops = 0; stops < 40; stops++) {
      await page.keyboard.press('Tab')
      const focus = await page.evaluate(() => {
        const element = document.activeElement
        if (element === null || element === document.body) return undefined
        const { outlineStyle, outlineWidth } = getComputedStyle(element)
        const what = `${element.tagName} ${element.getAttribute('aria-label') ?? element.textContent?.slice(0, 40)}`
        return { what, isSeen: outlineStyle !== 'none' && outlineWidth !== '0px' }
      })
      if (focus === undefined) continue
      seen.add(focus.what)
      assert.ok(focus.isSeen, focus.what)
    }
    assert.ok(
      [...seen].some((what) => what.includes('Rotate')),
      [...seen].join('\n'),
    )
    assert.ok(seen.size > 10, [...seen].join('\n'))
  })

  test('400 px: the navigation is a bar below, lists show name, health and waiting, nothing is cut off', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    for (const [name, [hash, shown]] of Object.entries(pages).slice(0, 5)) {
      await using opened = await open(hash, { viewport: { width: 400, height: 800 } })
      const { page } = opened
      await page.locator(shown).first().waitFor()
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      assert.equal(over, 0, name)
      const { bottom, top } = await page.locator('.side').evaluate((side) => side.getBoundingClientRect())
      assert.ok(bottom === 800 && top > 700, name)
      if (name === 'webhooks')
        assert.deepEqual((await page.getByRole('columnheader').allInnerTexts()).filter(Boolean), [
          'Name',
          'Health',
          'Waiting',
        ])
    }
  })

  test('what is new is marked for a moment, and not for who wants no motion', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    for (const [reducedMotion, animation] of [
      ['no-preference', 'fresh'],
      ['reduce', 'none'],
    ] as const) {
      await using opened = await open('#/deliveries', { reducedMotion })
      const { page } = opened
      await page.getByRole('row', { name: /msg_60/ }).waitFor()
      server.push({ type: 'deliveries', entries: someEntries(61, 1), left: 0 })
      const row = page.getByRole('row', { name: /msg_61/ })
      assert.equal(await row.evaluate((element) => getComputedStyle(element).animationName), animation)
    }
  })
})
