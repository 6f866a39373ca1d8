import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { withoutChromium } from '../support/processes/chromium.ts'
import { browserWorld } from './support/browser-world.ts'
import { aRow, failingRow, overviewOf } from './support/fixtures.ts'
import { fourRows, knowFourWebhooks } from './support/pages.ts'

describe('the overview in a browser', { skip: withoutChromium }, () => {
  const world = browserWorld()

  test('it answers whether everything flows: four figures, what needs attention with its remedy, then the objects', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open()
    const { page, problems } = opened
    await page.getByRole('img', { name: /Deliveries per minute, .*963 delivered, 80 tried again, 3 dead/ }).waitFor()

    const tile = (label: string) => page.locator('.tile', { hasText: label }).innerText()
    assert.match(await tile('Webhooks ready'), /3 of 4\s+1 broken, 0 in progress/)
    assert.match(await tile('Deliveries, last hour'), /963/)
    assert.match(await tile("POST to the sink's 2xx"), /38 ms\s+p99; p50 4 ms/)
    assert.match(await tile('Waiting'), /211\s+208 pending, oldest 39 min · 3 dead letters/)
    const attention = page.getByRole('group', { name: 'What needs attention' }).getByRole('listitem')
    assert.equal(await attention.count(), 2, 'nothing that is well asks for attention')
    assert.match(await attention.first().innerText(), /search\/nightly-eval: sink worker takes nothing/)
    assert.match(await attention.first().innerText(), /Repair the sink/)

    const rows = page.getByRole('grid', { name: 'Webhooks' }).getByRole('row')
    assert.match(await rows.nth(1).innerText(), /search\/nightly-eval\s+Sink failing/, 'the worst is first')
    assert.equal(await rows.count(), 1 + fourRows.length)
    assert.deepEqual(problems, [])
  })

  test('what changes appears without a reload, and what attention it needs', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open()
    const { page } = opened
    await page.getByText('search/nightly-eval: sink worker takes nothing').waitFor()
    const mended = { ...failingRow, health: 'Ready' as const, pending: 0, version: '2' }
    const rows = fourRows.map((row) => (row.id === mended.id ? mended : row))
    server.push(
      { type: 'rows', changed: [mended], removed: ['ops/slack'] },
      { type: 'overview', overview: overviewOf(rows.filter(({ id }) => id !== 'ops/slack')) },
    )
    await page.getByText('Everything that can be seen is well.').waitFor()
    await page.getByText('0 broken, 0 in progress').waitFor()
    assert.equal(await page.getByRole('row', { name: /ops\/slack/ }).count(), 0)
  })

  test('the keyboard alone leads from the overview to a webhook and back', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    await using opened = await open()
    const { page } = opened
    const grid = page.getByRole('grid', { name: 'Webhooks' })
    await grid.waitFor()

    await page.keyboard.press('/')
    await page.keyboard.type('video')
    await page.getByText('1 of 4').waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'ml / video-events' }).waitFor()

    await page.keyboard.press('g')
    await page.keyboard.press('w')
    await page.getByRole('heading', { name: 'Webhooks', level: 1 }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await page.getByRole('heading', { name: 'Deliveries', level: 1 }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('o')
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()

    await page.keyboard.press('g')
    await page.keyboard.press('i')
    await page.getByRole('heading', { name: 'Installation', level: 1 }).waitFor()
    await page.keyboard.press('/')
    await page.getByRole('searchbox').waitFor()
    await page.keyboard.type('slack')
    await page.getByRole('row', { name: /ops\/slack/ }).waitFor()
    await page.keyboard.press('Escape')

    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
  })

  test('arrows move a row that stays the same when others arrive above it', async () => {
    const { server, open } = world()
    knowFourWebhooks(
      server,
      ['c', 'd', 'e'].map((name) => aRow({ name })),
    )
    await using opened = await open('#/webhooks')
    const { page } = opened
    await page.getByRole('grid').focus()
    await page.keyboard.press('ArrowDown')
    const active = page.locator('[role=row].active')
    assert.match(await active.innerText(), /ml\/d/)
    server.push({ type: 'rows', changed: [aRow({ name: 'a' }), aRow({ name: 'b' })], removed: [] })
    await page.getByRole('row', { name: /ml\/a/ }).waitFor()
    assert.match(await active.innerText(), /ml\/d/)
    await page.keyboard.press('End')
    assert.match(await active.innerText(), /ml\/e/)
  })
})
