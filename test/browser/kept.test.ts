import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { pageAddresses } from '../../src/contract/page/addresses.ts'
import type { DeadLetter, PendingDelivery } from '../../src/contract/page/deliveries.ts'
import { withoutChromium } from '../support/processes/chromium.ts'
import { browserWorld } from './support/browser-world.ts'
import type { FixtureServer } from './support/fixture-server.ts'
import { at } from './support/fixtures.ts'
import { knowFourWebhooks } from './support/pages.ts'

const endedAt = (number: number) => at(-number * 60_000)
const kept = [1, 2, 3].map((number) => ({
  id: `gwh-receiver-0/${number}`,
  pod: 'gwh-receiver-0',
  namespace: 'ops',
  name: 'slack',
  eventId: `msg_${number}`,
  eventType: 'batch.failed',
  sink: number === 3 ? 'cluster' : 'slack',
  attempts: 12,
}))
const letters: DeadLetter[] = kept.map((each, index) =>
  Object.assign({}, each, {
    reason: 'Exhausted',
    endedAt: endedAt(index + 1),
    ...(index === 0 && { lastCause: 'status 503', since: endedAt(90) }),
  }),
)
const waiting: PendingDelivery[] = kept.map((each, index) =>
  Object.assign({}, each, {
    state: 'waiting',
    replayed: false,
    since: endedAt(index + 1),
    nextTryAt: at(index === 1 ? -30_000 : 1_830_000),
    lastCause: 'status 503',
  }),
)
const bySink = <Item extends { sink: string }>(items: readonly Item[], { sink }: Record<string, string>) =>
  items.filter((item) => sink === undefined || item.sink === sink)

/** Selects by sink as a receiver does, and says how each action went. */
function keep(server: FixtureServer): void {
  knowFourWebhooks(server)
  server.answers.set(pageAddresses.deadLetters, (query) => ({
    body: { items: bySink(letters, query), total: letters.length, without: [] },
  }))
  server.answers.set(pageAddresses.pending, (query) => ({
    body: {
      items: bySink(waiting, query),
      total: waiting.length,
      without: [{ pod: 'gwh-receiver-1', why: 'timeout' }],
    },
  }))
  server.answers.set(pageAddresses.count, (query) => ({
    body: { count: bySink(letters, query).length, isAtLeast: false, without: [] },
  }))
  server.answers.set(pageAddresses.act, () => ({
    body: { outcome: 'done', says: 'replayed\n', problem: '', command: 'gwh replay --sink=slack' },
  }))
  server.asked.length = 0
}

const actsOf = ({ asked }: FixtureServer) =>
  asked.filter(({ address }) => address === pageAddresses.act).map(({ body }) => body)

describe('dead letters and pending deliveries in a browser', { skip: withoutChromium }, () => {
  const world = browserWorld()

  test('a dead letter tells its reason, its last cause and since when it was tried', async () => {
    const { server, open } = world()
    keep(server)
    await using opened = await open('#/dead-letters')
    const { page } = opened
    assert.match(await page.getByRole('row', { name: /msg_1/ }).innerText(), /12\s+Exhausted\s+status 503\s+\S.* ago/)
    assert.match(await page.getByRole('row', { name: /msg_2/ }).innerText(), /12\s+Exhausted\s+–\s+–\s/)
  })

  test('a selection is replayed after a question that counts it', async () => {
    const { server, open } = world()
    keep(server)
    await using opened = await open('#/dead-letters')
    const { page, problems } = opened
    await page.getByText('3 kept').waitFor()
    await page.getByLabel('Sink').fill('slack')
    await page.keyboard.press('Enter')
    await page.getByRole('row', { name: /msg_3/ }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Replay all that match…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('2 dead letters will be sent again').waitFor()
    assert.deepEqual(actsOf(server), [], 'the question comes first')
    await dialog.getByRole('button', { name: 'Replay' }).click()
    await dialog.getByText('replayed').waitFor()
    assert.deepEqual(actsOf(server), [{ action: 'replay', targets: { selection: { sink: 'slack' } } }])
    assert.deepEqual(problems, [])
  })

  test('without a selection the question is about all, and a no does nothing', async () => {
    const { server, open } = world()
    keep(server)
    await using opened = await open('#/dead-letters')
    const { page } = opened
    const all = page.getByRole('button', { name: 'Replay all…' })
    await all.click()
    await page.getByRole('dialog').getByText('3 dead letters will be sent again').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    assert.deepEqual(actsOf(server), [])
    assert.ok(await all.evaluate((button) => button === document.activeElement), 'the focus is where it was')
    await all.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
    await page.getByRole('dialog').getByText('replayed').waitFor()
    assert.deepEqual(actsOf(server), [{ action: 'replay', targets: { all: true } }])
  })

  test('single ones are ticked by keyboard and replayed by name', async () => {
    const { server, open } = world()
    keep(server)
    await using opened = await open('#/dead-letters')
    const { page } = opened
    await page.getByRole('grid').focus()
    await page.keyboard.press(' ')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press(' ')
    await page.getByRole('button', { name: 'Replay selected (2)' }).click()
    await page.getByRole('dialog').getByText('2 dead letters will be sent again').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
    await page.getByRole('dialog').getByText('replayed').waitFor()
    assert.deepEqual(actsOf(server), [{ action: 'replay', targets: { ids: ['gwh-receiver-0/1', 'gwh-receiver-0/3'] } }])
  })

  test('pending ones show when they are tried next and why they did not end; a receiver that is away is named', async () => {
    const { server, open } = world()
    keep(server)
    await using opened = await open('#/waiting?sink=slack')
    const { page } = opened
    assert.match(await page.getByRole('row', { name: /msg_1/ }).innerText(), /in 30 min\s+status 503/)
    assert.match(await page.getByRole('row', { name: /msg_2/ }).innerText(), /due\s+status 503/)
    await page.getByText('gwh-receiver-1 did not answer, what is kept there is not listed: timeout').waitFor()
    assert.equal(await page.getByLabel('Sink').inputValue(), 'slack', 'an address can hold a selection')
  })

  test('a field that cannot be read is named with how to write it, and selects nothing', async () => {
    const { server, open } = world()
    keep(server)
    await using opened = await open('#/dead-letters')
    const { page } = opened
    await page.getByText('3 kept').waitFor()
    const asked = server.asked.length
    await page.getByLabel('Since').fill('yesterday')
    await page.keyboard.press('Enter')
    await page.getByText('Since: yesterday is no time such as 2026-11-21T12:00:00Z.').waitFor()
    assert.equal(server.asked.length, asked)
  })
})
