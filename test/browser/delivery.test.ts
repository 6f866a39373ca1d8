import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { pageAddresses } from '../../src/contract/page/addresses.ts'
import type { EventBody } from '../../src/contract/page/deliveries.ts'
import { withoutChromium } from '../support/processes/chromium.ts'
import { browserWorld } from './support/browser-world.ts'
import { aLife, noonMs } from './support/fixtures.ts'
import { knowFourWebhooks } from './support/pages.ts'

const delivery = '#/delivery/search/nightly-eval/msg_b3eb94c3-c475'
const hostile =
  '{"title":"<img src=x onerror=alert(1)><script>window.broken=1</script>","bell":"\u0007\u001b[31m\u0000","turned":"\u202Egpj.exe"}'

describe('one delivery in a browser', { skip: withoutChromium }, () => {
  const world = browserWorld()

  test('its life is a waterfall in order of time, with how long each step took', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open(delivery)
    const { page, problems } = opened
    const steps = page.locator('.waterfall li')
    await steps.first().waitFor()
    assert.deepEqual(
      (await steps.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim()),
      [
        `sent by Google ${await localTime(page, noonMs - 300_800)}`,
        'received 3 ms',
        'verified, …dAsY 0.2 ms',
        'stored, answered 204 4 ms',
        'worker, attempt 1: refused 2 ms',
        'worker, attempt 2: refused 2 ms',
        'worker, next attempt in 41 min',
      ],
    )
    const boxes = await page
      .locator('.waterfall .step')
      .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect()))
    assert.ok(
      boxes.every(({ left }, index) => left >= (boxes[index - 1]?.left ?? 0)),
      'each begins where time has got to',
    )
    assert.ok(
      boxes.every(({ width }) => width >= 3),
      'and can be seen, however short it was',
    )
    await page.getByRole('cell', { name: 'Google-Webhooks' }).waitFor()
    assert.deepEqual(problems, [])
  })

  test('its body is read only when asked for, and shown as text: markup is no markup, what is invisible is seen', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const body: EventBody = {
      contentType: 'application/json',
      receivedAt: '2026-11-29T11:55:00Z',
      bytes: hostile.length,
      text: hostile,
      isCut: false,
    }
    server.answers.set(pageAddresses.body, () => ({ body }))
    await using opened = await open(delivery)
    const { page, problems } = opened
    const show = page.getByRole('button', { name: 'Show the body' })
    await show.waitFor()
    assert.ok(!server.asked.some(({ address }) => address === pageAddresses.body))
    await show.click()
    const shown = page.getByLabel('Body', { exact: true })
    const text = await shown.innerText()
    assert.ok(text.includes('<img src=x onerror=alert(1)><script>window.broken=1</script>'), text)
    assert.ok(text.includes('␇␛[31m␀'), text)
    assert.ok(text.includes('U+202Egpj.exe'), text)
    assert.equal(await shown.locator('img, script').count(), 0)
    assert.equal(await page.evaluate(() => 'broken' in window), false)
    assert.deepEqual(problems, [])
  })

  test('ids, types and headers from outside are text everywhere, too', async () => {
    const { server, open } = world()
    const odd = '<b>x</b>\u0000'
    const entry = {
      number: 1,
      pod: 'p',
      at: '2026-11-29T11:59:00Z',
      namespace: 'ml',
      name: 'batch-events',
      eventId: odd,
    }
    knowFourWebhooks(server)
    server.begin = [
      ...server.begin,
      {
        type: 'deliveries',
        isStart: true,
        left: 0,
        entries: [{ ...entry, kind: 'step', sink: 'worker', next: 'DeadLetter', reason: '<i>odd</i>' }],
      },
    ]
    server.answers.set(pageAddresses.delivery, () => ({
      body: aLife({ eventId: odd, eventType: odd, headers: { 'user-agent': '<script>alert(1)</script>\u001b' } }),
    }))
    await using opened = await open('#/deliveries')
    const { page, problems } = opened
    const row = page.getByRole('row', { name: '<b>x</b>␀' })
    assert.match(await row.innerText(), /<i>odd<\/i>/)
    await row.getByRole('link').click()
    await page.getByRole('cell', { name: '<script>alert(1)</script>␛' }).waitFor()
    assert.equal(await page.locator('main b, main i, main script').count(), 0)
    assert.deepEqual(problems, [])
  })

  test('one that is pending is retried by its id after a question', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    server.answers.set(pageAddresses.act, () => ({
      body: { outcome: 'done', says: '1 retried\n', problem: '', command: 'gwh retry gwh-receiver-0/41' },
    }))
    await using opened = await open(delivery)
    const { page } = opened
    server.asked.length = 0
    await page.getByRole('button', { name: 'Retry now' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('1 pending delivery will be due now.').waitFor()
    assert.ok(!server.asked.some(({ address }) => address === pageAddresses.act), 'the question comes first')
    await dialog.getByRole('button', { name: 'Retry now' }).click()
    await dialog.getByText('1 retried').waitFor()
    const acts = server.asked.filter(({ address }) => address === pageAddresses.act)
    assert.deepEqual(
      acts.map(({ body }) => body),
      [{ action: 'retry', targets: { ids: ['gwh-receiver-0/41'] } }],
    )
  })

  test('one that no receiver remembers says so', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    server.answers.delete(pageAddresses.delivery)
    await using opened = await open(delivery)
    await opened.page.getByText('No receiver remembers this delivery').waitFor()
  })
})

/** As the browser's own time zone has it. */
function localTime(page: { evaluate: (get: (ms: number) => string, ms: number) => Promise<string> }, ms: number) {
  return page.evaluate((ms) => {
    const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms)
    return `${time}.${String(ms % 1_000).padStart(3, '0')}`
  }, ms)
}
