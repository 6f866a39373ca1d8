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
