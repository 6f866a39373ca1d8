import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { RemoteListing } from '../../../../src/controller/observe/project-view.ts'
import { RemoteObserver } from '../../../../src/controller/observe/remote-observer.ts'
import type { Failure } from '../../../../src/controller/facts/failure-class.ts'
import { GeminiError, type RemoteWebhook, type WebhookService } from '../../../../src/gemini/webhook-service.ts'
import { aRemote, marker } from '../../../support/builders/an-observation.ts'
import { FakeClock, settle } from '../../../support/doubles/fake-clock.ts'

function startObserver() {
  const clock = new FakeClock()
  const observer = new RemoteObserver({ clock, maxAgeMs: 600_000, credentialsRetryMs: 900_000 })
  const lists: { answer: (webhooks: RemoteWebhook[]) => void; fail: (error: unknown) => void }[] = []
  const service = {
    list: () =>
      new Promise<RemoteWebhook[]>((resolve, reject) => {
        lists.push({ answer: resolve, fail: reject })
      }),
    get: (id: string) =>
      Promise.resolve(id === 'gone' ? undefined : aRemote({ id, uri: 'https://newer.example.com/' })),
  } as unknown as WebhookService
  const list = (options?: { notBeforeMs?: number; urgent?: boolean }) => observer.list('f', service, options)
  return { clock, observer, lists, service, list }
}

function listing(result: RemoteListing | Failure): RemoteListing {
  assert.ok('byId' in result, JSON.stringify(result))
  return result
}

const failure = (code: 'ERR_GEMINI_UNAVAILABLE' | 'ERR_GEMINI_CREDENTIALS_REJECTED') =>
  new GeminiError({ code, message: 'no', mayHaveCommitted: false })

test('everyone who asks while a list is under way gets that list', async () => {
  const { list, lists } = startObserver()
  const all = [list(), list(), list()]
  await settle()
  assert.equal(lists.length, 1)
  lists[0]?.answer([aRemote()])
  for (const result of await Promise.all(all)) assert.equal(listing(result).byMarker(marker).length, 1)
})

test('a list is used until it is too old', async () => {
  const { list, lists, clock } = startObserver()
  const first = list()
  await settle()
  lists[0]?.answer([])
  await first
  await clock.advance({ minutes: 9 })
  await list()
  assert.equal(lists.length, 1)
  await clock.advance({ minutes: 2 })
  void list()
  await settle()
  assert.equal(lists.length, 2)
})

test('who needs a list newer than an intent does not join an older one, and one list serves all such', async () => {
  const { list, lists, clock } = startObserver()
  const old = list()
  await settle()
  await clock.advance({ seconds: 5 })
  const notBeforeMs = clock.monotonic()
  const fresh = [list({ notBeforeMs }), list({ notBeforeMs })]
  await settle()
  assert.equal(lists.length, 1, 'one list at a time')
  lists[0]?.answer([])
  await old
  await clock.advance({ seconds: 10 })
  assert.equal(lists.length, 2)
  lists[1]?.answer([aRemote()])
  for (const result of await Promise.all(fresh)) assert.equal(listing(result).startedAtMs, notBeforeMs + 10_000)
})

test('a list is followed by a rest three times as long as it took, and the next one serves all who asked meanwhile', async () => {
  const { list, lists, clock } = startObserver()
  const first = list()
  await clock.advance({ ms: 200 })
  lists[0]?.answer([])
  await first
  const waiting = [1, 2, 3].map(() => list({ notBeforeMs: clock.monotonic() }))
  await clock.advance({ ms: 599 })
  assert.equal(lists.length, 1)
  waiting.push(list({ notBeforeMs: clock.monotonic() }))
  await clock.advance({ ms: 1 })
  assert.equal(lists.length, 2)
  lists[1]?.answer([aRemote()])
  for (const result of await Promise.all(waiting)) assert.equal(listing(result).byMarker(marker).length, 1)
  assert.equal(lists.length, 2)
})

test('an urgent request ends the rest for everybody who waits', async () => {
  const { list, lists, clock } = startObserver()
  const first = list()
  await clock.advance({ seconds: 2 })
  lists[0]?.answer([])
  await first
  const patient = list({ notBeforeMs: clock.monotonic() })
  await settle()
  assert.equal(lists.length, 1)
  const urgent = list({ notBeforeMs: clock.monotonic(), urgent: true })
  await settle()
  lists[1]?.answer([aRemote()])
  for (const result of await Promise.all([patient, urgent])) assert.equal(listing(result).byMarker(marker).length, 1)
  assert.equal(lists.length, 2)
  assert.equal(clock.pending, 0, 'no timer is left behind')
})

test('a look-up by marker or URI does not go through everything that is newer than the list', async () => {
  const { list, lists, observer } = startObserver()
  const first = list()
  await settle()
  lists[0]?.answer([])
  await first
  let looks = 0
  for (let index = 0; index < 3000; index += 1) {
    const other = aRemote({ id: `w-${index}`, uri: `https://hooks.example.com/${index}` })
    const name = `gwh:${index.toString(16).padStart(12, '0')} x`
    observer.learn('f', other.id, Object.defineProperty({ ...other }, 'name', { get: () => (looks++, name) }))
  }
  observer.learn('f', 'new', aRemote({ id: 'new' }))
  looks = 0
  const view = listing(await list())
  const ids = [view.byMarker(marker), view.byUri(aRemote().uri)].map((found) => found.map(({ id }) => id))
  assert.deepEqual(ids, [['new'], ['new']])
  assert.equal(looks, 0, 'no other answer was looked at')
})

test('a webhook whose name lost its marker since is not found by it any more', async () => {
  const { list, lists, observer } = startObserver()
  const first = list()
  await settle()
  lists[0]?.answer([])
  await first
  observer.learn('f', 'new', aRemote({ id: 'new' }))
  observer.learn('f', 'new', aRemote({ id: 'new', name: 'renamed by hand' }))
  assert.deepEqual(listing(await list()).byMarker(marker), [])
})

test('a newer answer about one webhook lies over the list, an older one does not', async () => {
  const { list, lists, clock, observer, service } = startObserver()
  const first = list()
  await settle()
  lists[0]?.answer([aRemote(), aRemote({ id: 'gone', name: 'x' })])
  await first
  await clock.advance({ seconds: 1 })
  await observer.get('f', service, aRemote().id)
  await observer.get('f', service, 'gone')
  const view = listing(await list())
  assert.equal(view.byId(aRemote().id)?.uri, 'https://newer.example.com/')
  assert.equal(view.byId('gone'), undefined)
  await clock.advance({ minutes: 11 })
  const second = list()
  await settle()
  lists[1]?.answer([aRemote()])
  assert.equal(listing(await second).byId(aRemote().id)?.uri, aRemote().uri)
})

test('what a create answered is found by its marker before any list shows it', async () => {
  const { list, lists, observer } = startObserver()
  const first = list()
  await settle()
  lists[0]?.answer([])
  await first
  observer.learn('f', 'new', aRemote({ id: 'new' }))
  assert.deepEqual(
    listing(await list())
      .byMarker(marker)
      .map(({ id }) => id),
    ['new'],
  )
})

test('a failed list is not asked for again by every object, with growing pauses', async () => {
  const { list, lists, clock } = startObserver()
  for (const [round, pauseMs] of [1000, 2000, 4000].entries()) {
    const failing = list()
    await settle()
    lists[round]?.fail(failure('ERR_GEMINI_UNAVAILABLE'))
    assert.ok('class' in (await failing))
    assert.ok('class' in (await list()), 'the pause holds')
    assert.equal(lists.length, round + 1)
    await clock.advance({ ms: pauseMs })
  }
})

test('however many objects waited for a list that failed, the pause grows by one step', async () => {
  const { list, lists, clock } = startObserver()
  const failing = Array.from({ length: 50 }, () => list())
  await settle()
  lists[0]?.fail(failure('ERR_GEMINI_UNAVAILABLE'))
  for (const result of await Promise.all(failing)) assert.ok('class' in result)
  await clock.advance({ ms: 1000 })
  void list()
  await settle()
  assert.equal(lists.length, 2)
})

test('a refused key rests for its own time, unless somebody asks urgently', async () => {
  const { list, lists, clock } = startObserver()
  const failing = list()
  await settle()
  lists[0]?.fail(failure('ERR_GEMINI_CREDENTIALS_REJECTED'))
  const result = await failing
  assert.ok('class' in result && result.class === 'credentials')
  await clock.advance({ minutes: 14 })
  await list()
  assert.equal(lists.length, 1)
  void list({ urgent: true })
  await settle()
  assert.equal(lists.length, 2)
})

test('a request that was tried and failed rests like any other; only a newer one is tried at once', async () => {
  const { list, lists, clock } = startObserver()
  await clock.advance({ minutes: 1 })
  const requestedMs = clock.monotonic()
  const failing = list({ notBeforeMs: requestedMs, urgent: true })
  await settle()
  lists[0]?.fail(failure('ERR_GEMINI_CREDENTIALS_REJECTED'))
  assert.ok('class' in (await failing))
  await clock.advance({ minutes: 1 })
  assert.ok('class' in (await list({ notBeforeMs: requestedMs, urgent: true })))
  assert.equal(lists.length, 1)
  void list({ notBeforeMs: clock.monotonic(), urgent: true })
  await settle()
  assert.equal(lists.length, 2)
})

/** A list of one page that takes so much. */
const ofSize = (characters: number) =>
  ({
    list: (_signal: unknown, take: (characters: number) => boolean) =>
      take(characters)
        ? Promise.resolve([aRemote()])
        : Promise.reject(new GeminiError({ code: 'ERR_GEMINI_BAD_ANSWER', message: 'no', mayHaveCommitted: false })),
  }) as unknown as WebhookService

test('lists of many keys of one namespace leave room for the list of another, and what is let go of is free again', async () => {
  const clock = new FakeClock()
  const observer = new RemoteObserver({ clock, maxAgeMs: 600_000, credentialsRetryMs: 900_000 })
  const full = 20 * 1024 * 1024
  const isListed = async (fingerprint: string, party: string, characters: number) =>
    'byId' in (await observer.list(fingerprint, ofSize(characters), { party }))
  const evil = await Promise.all(Array.from({ length: 10 }, (_, index) => isListed(`evil-${index}`, 'evil', full)))
  assert.equal(evil.filter(Boolean).length, 2)
  assert.equal(await isListed('victim', 'ml', 4 * 1024 * 1024), true)
  await clock.advance({ minutes: 11 })
  assert.equal(await isListed('victim', 'ml', 4 * 1024 * 1024), true, 'made anew it takes the room of the last')
  observer.prune(new Set(['victim']))
  assert.equal(await isListed('other', 'search', full), true)
})

test('a list under way whose key nobody uses any more takes nothing', async () => {
  const clock = new FakeClock()
  const observer = new RemoteObserver({ clock, maxAgeMs: 600_000, credentialsRetryMs: 900_000 })
  const page = Promise.withResolvers<void>()
  let fits = true
  const slow = {
    list: async (_signal: unknown, take: (characters: number) => boolean) => {
      take(1_000)
      await page.promise
      fits = take(1_000)
      throw new GeminiError({ code: 'ERR_GEMINI_BAD_ANSWER', message: 'no', mayHaveCommitted: false })
    },
  } as unknown as WebhookService
  const listing = observer.list('f', slow, { party: 'evil' })
  await settle()
  observer.prune(new Set())
  page.resolve()
  await listing
  assert.equal(fits, false)
})

test('every list that was answered is told, with its key and when it was started; one that failed is not', async () => {
  const clock = new FakeClock()
  const told: unknown[] = []
  const observer = new RemoteObserver({
    clock,
    maxAgeMs: 600_000,
    credentialsRetryMs: 900_000,
    onListed: (list) => told.push(list),
  })
  const webhooks = [aRemote()]
  const answers = [Promise.reject(failure('ERR_GEMINI_UNAVAILABLE')), Promise.resolve(webhooks)]
  const service = { list: () => answers.shift() } as unknown as WebhookService
  await observer.list('f', service)
  assert.deepEqual(told, [])
  await clock.advance({ minutes: 10 })
  const startedAtMs = clock.monotonic()
  await observer.list('f', service)
  await observer.list('f', service)
  assert.deepEqual(told, [{ fingerprint: 'f', startedAtMs, webhooks }])
})
