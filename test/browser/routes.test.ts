import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Page } from 'playwright-core'

import { pageAddresses } from '../../src/contract/page/addresses.ts'
import { withoutChromium } from '../support/processes/chromium.ts'
import { browserWorld } from './support/browser-world.ts'
import { at } from './support/fixtures.ts'
import { knowFourWebhooks } from './support/pages.ts'
import { aRouteOf, knowRoutes } from './support/routes.ts'

const routesIn = (page: Page) => page.getByRole('grid', { name: 'Routes' })

/** The names in the table of routes, from the top. */
async function namesIn(page: Page): Promise<string[]> {
  await routesIn(page).waitFor()
  return routesIn(page).getByRole('link').allInnerTexts()
}

describe('routes in a browser', { skip: withoutChromium }, () => {
  const world = browserWorld()

  test('the table shows what is broken first, each with its state in a word and the broken link', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    knowRoutes(server)
    for (const hash of ['#/webhooks', '#/overview']) {
      await using opened = await open(hash)
      const { page, problems } = opened
      assert.deepEqual(await namesIn(page), [
        'ads/elsewhere',
        'ads/misspelt',
        'ads/refused',
        'search/new',
        'search/nightly-eval',
      ])
      const rowOf = (name: RegExp) => routesIn(page).getByRole('row', { name }).innerText()
      assert.match(await rowOf(/ads\/refused/), /Broken\s+consent\s+platform\/project-events/)
      assert.match(await rowOf(/search\/new/), /Not known\s+–\s+platform\/project-events/)
      assert.match(await rowOf(/search\/nightly-eval/), /Well[\s\S]*\s2$/)
      assert.ok((await page.evaluate(gapAbove, 'Routes')) > 0, 'the card stands apart from the one above it')
      assert.deepEqual(problems, [])
    }
  })

  test('a search and a namespace narrow routes as they do webhooks, and say so when none is left', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    knowRoutes(server)
    await using opened = await open('#/webhooks')
    const { page } = opened
    await routesIn(page).waitFor()
    await page.getByLabel('Namespace').selectOption('ads')
    await page.getByText('3 of 5').waitFor()
    await page.getByLabel('Search webhooks and routes').fill('misspelt consent')
    await page.getByText('1 of 5').waitFor()
    assert.deepEqual(await namesIn(page), ['ads/misspelt'])
    await page.getByLabel('Search webhooks and routes').fill('nightly')
    await page.getByText('No route matches').waitFor()
    await page.getByText('0 of 5').waitFor()
  })

  test('why routes are not known is told in their place, until they are', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const why = 'GeminiRoutes may not be listed'
    server.begin = [...server.begin, { type: 'routes', routes: { isKnown: false, why } }]
    for (const hash of ['#/overview', '#/webhooks']) {
      await using opened = await open(hash)
      const { page } = opened
      const card = page.locator('.card', { has: page.getByRole('heading', { name: 'Routes' }) })
      await card.getByText(why).waitFor()
      assert.match(await card.innerText(), /Not known/)
      server.push({ type: 'routes', routes: { isKnown: true, rows: [], total: 0 } })
      await card.waitFor({ state: 'detached' })
    }
  })

  for (const { name, heading, badge, says } of [
    { name: 'nightly-eval', heading: 'search / nightly-eval', badge: 'Well', says: undefined },
    { name: 'new', heading: 'search / new', badge: 'Not known', says: undefined },
    {
      name: 'refused',
      heading: 'ads / refused',
      badge: 'Broken',
      says: /^Broken: consent\. NotAllowed: its owner does not allow this namespace[\s\S]*spec\.allowedRoutes/,
    },
    {
      name: 'misspelt',
      heading: 'ads / misspelt',
      badge: 'Broken',
      says: /^Broken: consent\. WebhookNotFound: there is no such webhook[\s\S]*webhookRef/,
    },
    {
      name: 'elsewhere',
      heading: 'ads / elsewhere',
      badge: 'Broken',
      says: /^Broken: consent\. WebhookNotServing: it has a server of its own/,
    },
  ])
    test(`the page of a route tells where it is broken and what to do: ${name}`, async () => {
      const { server, open } = world()
      knowFourWebhooks(server)
      knowRoutes(server)
      await using opened = await open('#/webhooks')
      const { page, problems } = opened
      await routesIn(page)
        .getByRole('link', { name: new RegExp(`/${name}$`) })
        .click()
      await page.getByRole('heading', { name: heading }).waitFor()
      await page.locator('.chain').waitFor()
      assert.equal(await page.locator('.bar .badge').innerText(), badge)
      assert.equal(await page.locator('.chain .first-broken').count(), says === undefined ? 0 : 1)
      if (says !== undefined) assert.match(await page.locator('.broken-says').innerText(), says)
      assert.deepEqual(problems, [])
    })

  test('where the webhook may be read, the page of its route is well from the API key to the sink', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const chain = [{ name: 'API key', state: 'Good', says: 'Google accepts the API key' }] as const
    const well = aRouteOf('search', 'nightly-eval', {
      spec: { webhookRef: { namespace: 'ml', name: 'batch-events' } },
      status: { sinks: [{ name: 'worker', ready: true }] },
    })
    knowRoutes(server, [well], { chain })
    await using opened = await open('#/route/search/nightly-eval')
    const { page } = opened
    await page.locator('.chain').waitFor()
    assert.equal(await page.locator('.bar .badge').innerText(), 'Well')
    await page.getByText('Every link, as “gwh status” prints it').click()
    await page.getByRole('cell', { name: 'Google accepts the API key' }).waitFor()
    await page.getByRole('link', { name: 'ml/batch-events' }).click()
    await page.getByRole('heading', { name: 'ml / batch-events' }).waitFor()
  })

  test('a route that is gone says so, and leads on', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    knowRoutes(server)
    await using opened = await open('#/route/search/gone')
    const { page } = opened
    await page.getByText('GeminiRoute search/gone: does not exist').waitFor()
    await page.getByRole('link', { name: 'All webhooks and routes' }).click()
    await routesIn(page).waitFor()
  })

  test('dead letters of a route are led to from its page, replayed as its own, and lead back', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    knowRoutes(server)
    const owner = { namespace: 'search', name: 'groute/nightly-eval' }
    const letter = { ...owner, id: 'p/1', pod: 'p', eventId: 'msg_1', eventType: 'batch.failed', sink: 'worker' }
    const kept = { ...letter, attempts: 1, reason: 'RouteRefused', endedAt: at(-60_000) }
    server.answers.set(pageAddresses.deadLetters, () => ({ body: { items: [kept], total: 1, without: [] } }))
    server.answers.set(pageAddresses.count, () => ({ body: { count: 1, isAtLeast: false, without: [] } }))
    const done = { outcome: 'done', says: '1 will be sent again.', problem: '', command: 'gwh replay' }
    server.answers.set(pageAddresses.act, () => ({ body: done }))
    await using opened = await open('#/route/search/nightly-eval')
    const { page } = opened
    await page
      .getByRole('row', { name: /^worker/ })
      .getByRole('link', { name: '2' })
      .click()
    await page.getByRole('row', { name: /msg_1/ }).waitFor()
    assert.equal(await page.getByLabel('Webhook or route').inputValue(), 'search/groute/nightly-eval')
    const selection = { ...owner, sink: 'worker' }
    assert.deepEqual(server.asked.findLast(({ address }) => address === pageAddresses.deadLetters)?.query, selection)

    await page.getByRole('button', { name: 'Replay all that match…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
    await page.getByRole('dialog').getByText('1 will be sent again.').waitFor()
    const act = server.asked.findLast(({ address }) => address === pageAddresses.act)
    assert.deepEqual(act?.body, { action: 'replay', targets: { selection } })
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()

    await page.getByRole('row', { name: /msg_1/ }).getByRole('link').click()
    await page.getByRole('link', { name: 'search/groute/nightly-eval' }).click()
    await page.getByRole('heading', { name: 'search / nightly-eval' }).waitFor()
  })

  test('by keyboard alone: to the webhooks, into the table of routes, down, and into one', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    knowRoutes(server)
    await using opened = await open('#/overview')
    const { page } = opened
    await page.getByText('live', { exact: true }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('w')
    await page.getByRole('heading', { name: 'Webhooks', level: 1 }).waitFor()
    // Routes come with a message of their own.
    await routesIn(page).waitFor()
    await page.getByRole('grid', { name: 'All webhooks' }).focus()
    await page.keyboard.press('Tab')
    assert.ok(await routesIn(page).evaluate((grid) => grid === document.activeElement), 'the next stop is the routes')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'ads / refused' }).waitFor()
    assert.equal(
      await page
        .locator('nav [aria-current=page]')
        .innerText()
        .then((text) => text.split(/\s/)[0]),
      'Webhooks',
    )
  })

  test('the longest names break no layout, wide or narrow', async () => {
    const { server, open } = world()
    knowFourWebhooks(server)
    const [namespace, name] = ['n'.repeat(63), 'r'.repeat(63)]
    const webhookRef = { namespace, name: `${'long-'.repeat(50)}end` }
    knowRoutes(server, [aRouteOf(namespace, name, { spec: { webhookRef } })])
    for (const width of [1280, 400]) {
      await using opened = await open('#/webhooks', { viewport: { width, height: 800 } })
      const { page } = opened
      await routesIn(page).waitFor()
      assert.equal(await page.evaluate(overflow), 0, `webhooks, ${width} px`)
      await routesIn(page).getByRole('link').click()
      await page.locator('.chain').waitFor()
      assert.equal(await page.evaluate(overflow), 0, `route, ${width} px`)
    }
  })
})

/** In the browser: between the card with that list and the one above it. */
function gapAbove(label: string): number {
  const card = document.querySelector(`[aria-label=${label}]`)?.closest('.card')
  const above = card?.previousElementSibling
  return (card?.getBoundingClientRect().top ?? 0) - (above?.getBoundingClientRect().bottom ?? 0)
}

/** In the browser: how far the page is wider than the window. */
function overflow(): number {
  return document.documentElement.scrollWidth - document.documentElement.clientWidth
}
