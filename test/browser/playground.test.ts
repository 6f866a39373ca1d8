import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { pageAddresses } from '../../src/contract/page/addresses.ts'
import { playgroundAction } from '../../src/contract/playground/actions.ts'
import { withoutChromium } from '../support/processes/chromium.ts'
import { browserWorld } from './support/browser-world.ts'
import { fourRows, greeting, knowFourWebhooks } from './support/pages.ts'
import { aPlayground } from './support/playground.ts'

const state = `${pageAddresses.playground}state`
const actions = `${pageAddresses.playground}actions`

describe('the playground panel in a browser', { skip: withoutChromium }, () => {
  const world = browserWorld()

  test('every button asks for an action that the playground knows, and tells what to look at', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    server.begin = greeting(fourRows, { playground: true })
    server.answers.set(state, () => ({
      body: aPlayground({
        webhooks: [{ namespace: 'ml', name: 'batch-events', sample: 'dynamic', dynamic: true, atGoogle: 'enabled' }],
        worker: { url: 'http://127.0.0.1:8080/events', accepted: 1, refusesWith: 503 },
      }),
    }))
    let count = 0
    server.answers.set(actions, (_, body) => {
      count++
      const { success, error } = playgroundAction.safeParse(body)
      if (!success) return { status: 400, body: { error: error.message } }
      return {
        body: { says: `Done, number ${count}.`, look: { at: 'webhook', namespace: 'ml', name: 'batch-events' } },
      }
    })
    await using opened = await open('#/playground')
    const { page, problems } = opened
    const buttons = page.locator('.thirds button')
    await buttons.first().waitFor()
    server.asked.length = 0
    const total = await buttons.count()
    for (let at = 0; at < total; at++) {
      await buttons.nth(at).click()
      await page.getByText(`Done, number ${at + 1}.`).waitFor()
    }
    const sent = server.asked.filter(({ address }) => address === actions).map(({ body }) => body as { action: string })
    assert.deepEqual([...new Set(sent.map(({ action }) => action))].toSorted(), [
      'advanceClock',
      'breakWorker',
      'createSample',
      'deleteSample',
      'deleteSecret',
      'finishJob',
      'forgeRequest',
      'giveUp',
      'mendWorker',
      'replayRequest',
      'rotateAtGoogle',
    ])
    await page.getByRole('link', { name: 'Look' }).click()
    await page.getByRole('heading', { name: 'ml / batch-events' }).waitFor()
    assert.deepEqual(problems, [])
  })

  test('a job can end otherwise, and go to a dynamic endpoint', async () => {
    const { server, open } = world()
    server.begin = greeting(fourRows, { playground: true })
    server.answers.set(state, () => ({
      body: aPlayground({ webhooks: [{ namespace: 'ml', name: 'jobs', sample: 'dynamic', dynamic: true }] }),
    }))
    server.answers.set(actions, () => ({ body: { says: 'Done.', look: { at: 'received' } } }))
    await using opened = await open('#/playground')
    const { page } = opened
    await page.getByLabel('to the dynamic endpoint of ml/jobs').check()
    await page.getByLabel('How the batch ends').selectOption('failed')
    server.asked.length = 0
    await page.getByRole('button', { name: 'Finish a batch' }).click()
    await page.getByText('Done.').waitFor()
    assert.deepEqual(
      server.asked.filter(({ address }) => address === actions).map(({ body }) => body),
      [{ action: 'finishJob', job: 'batch', outcome: 'failed', dynamic: 'ml/jobs' }],
    )
  })

  test('what is refused is told in the words of the playground, and how far its clock is ahead', async () => {
    const { server, open } = world()
    server.begin = greeting(fourRows, { playground: true })
    const clock = { now: '2026-11-29T12:00:00Z', aheadSeconds: 90_000 }
    server.answers.set(state, () => ({ body: aPlayground({ clock }) }))
    server.answers.set(actions, () => ({ status: 409, body: { error: 'there is no genuine request yet' } }))
    await using opened = await open('#/playground')
    const { page } = opened
    await page.getByText('are 1 d ahead of this machine').waitFor()
    await page.getByRole('button', { name: 'The last genuine one again' }).click()
    await page.getByText('there is no genuine request yet').waitFor()
  })
})
