import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { pageAddresses } from '../../src/contract/page/addresses.ts'
import type { Permission } from '../../src/contract/page/rights.ts'
import { withoutChromium } from '../support/processes/chromium.ts'
import { browserWorld } from './support/browser-world.ts'
import { aDetail, failingRow, someEntries, yes } from './support/fixtures.ts'
import { knowFourWebhooks } from './support/pages.ts'

const failing = '#/webhook/search/nightly-eval'

describe('one webhook in a browser', { skip: withoutChromium }, () => {
  const world = browserWorld()

  test('its chain is a picture with the first broken link marked in words and colour, and the remedy below it', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open(failing)
    const { page, problems } = opened
    await page.getByRole('heading', { name: 'search / nightly-eval' }).waitFor()

    const boxes = page.locator('.chain .link')
    assert.deepEqual(
      (await boxes.locator('strong').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim()),
      [
        '✓ Controller : good.',
        '✓ API key : good.',
        '✓ Registered : good.',
        '✓ Signing secret : good.',
        '✓ Proven : good.',
        '✓ Inbox : good.',
        '! Sink worker : broken.',
        '✓ Sink cluster : good.',
      ],
    )
    assert.equal(await page.locator('.chain .first-broken').count(), 1)
    assert.match(
      await page.locator('.broken-says').innerText(),
      /^Broken: sink worker\. .*connectionRefused.*Repair the sink/,
    )

    await page.getByText('Every link, as “gwh status” prints it').click()
    await page.getByRole('cell', { name: 'URI, events, name and state are as the spec says' }).waitFor()
    await page.getByText('whsec_...dAsY is in force since 26 Nov').waitFor()
    await page.getByText(/next 26 Dec, every 720h/).waitFor()
    assert.match(
      await page.getByRole('row', { name: /^worker/ }).innerText(),
      /Failing\s+since 19 min ago: connectionRefused/,
    )
    await page.getByRole('cell', { name: "type == 'batch.failed'" }).waitFor()
    assert.deepEqual(problems, [])
  })

  test('no title of the chain and no condition is broken within a word, and no badge is cut, at any width', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const refused = { outcome: 'InboxUnavailable', status: 503 }
    const entries = someEntries(1, 20)
    for (const entry of entries) if (entry.kind === 'request') Object.assign(entry, refused)
    server.begin = [...server.begin, { type: 'deliveries', entries, left: 0 }]
    for (const width of [1280, 1100, 961, 800, 400]) {
      await using opened = await open(failing, { viewport: { width, height: 800 } })
      const { page } = opened
      await page.locator('.chain').waitFor()
      assert.deepEqual(await page.evaluate(brokenWords, '.chain .link strong, td.word'), [], `${width} px`)
      await page.goto(`${page.url().split('#')[0]}#/deliveries`)
      await page.getByText('InboxUnavailable').first().waitFor()
      assert.deepEqual(await page.evaluate(cutOff, '.badge'), [], `${width} px`)
    }
  })

  test('what Google did not deliver is told, a gap first, and asked for with the button', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const row = failingRow
    const says = 'deliveries from 2026-11-28T10:00:00Z to 2026-11-29T11:00:00Z may have been missed'
    const gap = { since: '2026-11-28T10:00:00Z', until: '2026-11-29T11:00:00Z', says }
    server.answers.set(pageAddresses.webhook, () => ({
      body: aDetail(row, { backfill: { lookback: '72h', gap } }),
    }))
    const done = { outcome: 'done', says: 'nothing was missing', problem: '', command: 'gwh backfill --since=24h' }
    server.answers.set(pageAddresses.act, () => ({ body: done }))
    await using opened = await open(failing)
    const { page, problems } = opened
    const card = page.locator('.card', { has: page.getByRole('heading', { name: 'Missed deliveries' }) })
    await card.getByText('backfill, 72h back').waitFor()
    assert.match(
      await card.getByRole('row', { name: /^Gap/ }).innerText(),
      /Not covered\s+deliveries from 2026-11-28T10/,
    )
    assert.match(await card.getByRole('row', { name: /^Found/ }).innerText(), /nothing was missing/)

    await page.getByRole('button', { name: 'Backfill…' }).click()
    await page.getByLabel('Ended within').selectOption('24h')
    await page.getByRole('button', { name: 'Backfill', exact: true }).click()
    await page.getByText('gwh backfill --since=24h').waitFor()
    const acts = server.asked.filter(({ address }) => address === pageAddresses.act).map(({ body }) => body)
    assert.deepEqual(acts.at(-1), { action: 'backfill', namespace: row.namespace, name: row.name, since: '24h' })
    assert.deepEqual(problems, [])
  })

  test('a look at the address is told as one, and is no refused request', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const entry = someEntries(1, 20).find(({ kind }) => kind === 'request')
    assert.ok(entry?.kind === 'request')
    const { namespace: _, name: __, eventId: ___, ...look } = entry
    const entries = [{ ...look, number: 900, route: 'unrouted', outcome: 'MethodNotAllowed', status: 405 }]
    server.begin = [...server.begin, { type: 'deliveries', entries, left: 0 }]
    await using opened = await open('#/deliveries')
    const row = opened.page.getByRole('row', { name: /No delivery/ })
    assert.match(await row.innerText(), /outside\s+No delivery\s+a look, answered 405/)
  })

  test('what is delivered appears above; while one reads, it waits and says how many', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open('#/webhook/ml/batch-events')
    const { page } = opened
    const list = page.getByRole('grid', { name: 'Live deliveries' })
    const first = list.getByRole('row').nth(1)
    await list.getByText('msg_60').waitFor()
    server.push({ type: 'deliveries', entries: someEntries(61, 2), left: 0 })
    await list.getByText('msg_62').waitFor()

    await list.hover()
    server.push({ type: 'deliveries', entries: someEntries(63, 4), left: 0 })
    await page.getByText('4 new wait').waitFor()
    assert.match(await first.innerText(), /msg_62/, 'what one reads does not move')
    await page.getByRole('button', { name: 'Show them' }).click()
    await list.getByText('msg_66').waitFor()
  })

  test('a ping is asked for once and told with the command that does the same', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const command = 'gwh ping search/nightly-eval'
    server.answers.set(pageAddresses.act, () => ({
      body: { outcome: 'done', says: 'a receiver verified it after 0.4 s\n', problem: '', command },
    }))
    await using opened = await open(failing)
    const { page } = opened
    server.asked.length = 0
    await page.getByRole('button', { name: 'Ping' }).click()
    const dialog = page.getByRole('dialog', { name: 'Ping search/nightly-eval' })
    await dialog.getByText('a receiver verified it after 0.4 s').waitFor()
    await dialog.getByText(command).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()
    assert.deepEqual(
      server.asked.filter(({ address }) => address === pageAddresses.act).map(({ body }) => body),
      [{ action: 'ping', namespace: 'search', name: 'nightly-eval' }],
    )
  })

  test('a rotation is done only after the name was typed, and a leaked secret is said to be one', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    server.answers.set(pageAddresses.act, () => ({
      body: { outcome: 'failed', says: '', problem: 'the controller does not answer', command: 'gwh rotate' },
    }))
    await using opened = await open(failing)
    const { page } = opened
    server.asked.length = 0
    await page.getByRole('button', { name: 'Rotate…' }).click()
    const dialog = page.getByRole('dialog')
    const rotate = dialog.getByRole('button', { name: 'Rotate' })
    assert.ok(await rotate.isDisabled())
    await dialog.getByRole('textbox').fill('nightly')
    assert.ok(await rotate.isDisabled(), 'a part of the name is not the name')
    await dialog.getByRole('textbox').fill('nightly-eval')
    await dialog.getByRole('checkbox').check()
    await rotate.click()
    await dialog.getByText('the controller does not answer').waitFor()
    const sent = { namespace: 'search', name: 'nightly-eval', typed: 'nightly-eval', revokePrevious: 'Immediately' }
    const acts = server.asked.filter(({ address }) => address === pageAddresses.act)
    assert.deepEqual(
      acts.map(({ body }) => body),
      [{ action: 'rotate', ...sent }],
    )
  })

  test('what the user may not do is shown with the right that is missing, and does nothing', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const no: Permission = { may: 'no', missing: ['patch geminiwebhooks in namespace search'] }
    server.answers.set(pageAddresses.webhook, () => ({
      body: aDetail(failingRow, { may: { ping: yes, send: yes, rotate: no, replay: yes, retry: yes } }),
    }))
    await using opened = await open(failing)
    const { page } = opened
    await page.getByText('Rotate needs the right to patch geminiwebhooks in namespace search.').waitFor()
    const rotate = page.getByRole('button', { name: 'Rotate…' })
    assert.equal(await rotate.getAttribute('aria-disabled'), 'true')
    await rotate.focus()
    await page.keyboard.press('Enter')
    assert.equal(await page.getByRole('dialog').count(), 0)
  })

  test('an object that is gone says so, and leads on', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open('#/webhook/ml/gone')
    const { page } = opened
    await page.getByText('ml/gone does not exist (any more)').waitFor()
    await page.getByRole('link', { name: 'All webhooks' }).click()
    await page.getByRole('heading', { name: 'Webhooks', level: 1 }).waitFor()
  })
})

/** In the browser: the words of these elements that stand on more than one line. */
function brokenWords(selector: string): string[] {
  const found: string[] = []
  for (const element of document.querySelectorAll(selector)) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text !== null; text = texts.nextNode())
      for (const { index, 0: word } of (text.textContent ?? '').matchAll(/\w+/g)) {
        const range = document.createRange()
        range.setStart(text, index)
        range.setEnd(text, index + word.length)
        if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) found.push(word)
      }
  }
  return found
}

/** In the browser: the text of these elements that is wider than they are. */
function cutOff(selector: string): string[] {
  return [...document.querySelectorAll(selector)]
    .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
    .map(({ textContent }) => textContent ?? '')
}
