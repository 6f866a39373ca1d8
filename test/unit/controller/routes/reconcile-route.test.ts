import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiRoute } from '../../../../src/api/gemini-route.ts'
import type { KeyringEntry } from '../../../../src/contract/keyring/entry.ts'
import { FailedCall, type Failure } from '../../../../src/controller/facts/failure-class.ts'
import { keyringIsFull } from '../../../../src/controller/keyring/keyring-room.ts'
import type { KeyringWriter } from '../../../../src/controller/keyring/keyring-writer.ts'
import type { SecretReader } from '../../../../src/controller/observe/secret-reader.ts'
import { byWebhookRef, idOfRef, refOf } from '../../../../src/controller/routes/route-indices.ts'
import { reconcileRoute } from '../../../../src/controller/routes/reconcile-route.ts'
import { RouteMemories } from '../../../../src/controller/routes/route-memories.ts'
import { TransientError } from '../../../../src/kubernetes/errors.ts'
import { IndexedStore } from '../../../../src/kubernetes/store.ts'
import { aRoute } from '../../../support/builders/a-route.ts'
import { aWebhook, installation } from '../../../support/builders/a-webhook.ts'
import { aPass, scripted } from '../../../support/worlds/a-pass.ts'

const key = { namespace: 'team-search', name: 'nightly' }
const uid = 'uid-of-route'

interface Given {
  /** What its owner allows. */
  from?: 'All' | 'Same'
  types?: string[]
  /** Where it happens, what a write of an entry fails with; by its number. */
  refuses?: (entry: KeyringEntry) => Error | undefined
  hasRoom?: boolean
  known?: KeyringEntry
  gone?: string[]
  sinks?: GeminiRoute['spec']['sinks']
  /** The installation that serves the webhook. */
  servedBy?: string
  /** What reading the Secret of an endpoint of its own fails with; given, the route wants one. */
  unreadable?: Failure
  /** The webhook turns Ready while an entry is written. */
  turnsReady?: boolean
  /** There is none. */
  isMissing?: boolean
  /** Whether it would be seen if there were one. */
  isRead?: boolean
  /** The namespaces that are watched; that of the webhook is none of them. */
  watchNamespaces?: string[]
  /** What was told of the route before. */
  told?: NonNullable<GeminiRoute['status']>
}

/** One route and its webhook, around a keyring of the test's. */
function aScene(given: Given = {}) {
  const { from = 'All', types, refuses = () => undefined, hasRoom = true, known, gone = [] } = given
  const { sinks, unreadable, turnsReady = false, isMissing = false, isRead = true, watchNamespaces = [], told } = given
  const claimed = { installationID: given.servedBy ?? installation.id, installationToken: installation.token }
  const named = aWebhook()
    .registered()
    .status(claimed)
    .spec({ allowedRoutes: { namespaces: { from }, ...(types !== undefined && { types }) } })
  const webhook = named.build()
  const seen = { webhook }
  const entries = new Map<string, KeyringEntry>([
    [
      webhook.metadata.uid,
      { uid: webhook.metadata.uid, namespace: 'ml', name: 'batch-events', secrets: [], sinks: [] },
    ],
  ])
  if (known !== undefined) entries.set(uid, known)
  const written: KeyringEntry[] = []
  const removed: string[] = []
  /** What was done, in its order. */
  const steps: string[] = []
  const statuses: NonNullable<GeminiRoute['status']>[] = []
  const keyring = {
    entryOf: (of: string) => entries.get(of),
    hasRoomFor: () => hasRoom,
    write: (entry: KeyringEntry) => {
      const error = refuses(entry)
      if (error !== undefined) return Promise.reject(error)
      entries.set(entry.uid, entry)
      written.push(entry)
      steps.push('write')
      if (turnsReady) seen.webhook = named.readiness('True').build()
      return Promise.resolve()
    },
    remove: (of: string) => {
      removed.push(of)
      return Promise.resolve()
    },
  } as unknown as KeyringWriter
  const routes = new IndexedStore<GeminiRoute>({ [byWebhookRef]: (route) => [idOfRef(refOf(route))] })
  const spec = { ...(sinks && { sinks }), ...(unreadable && { dynamic: {} }) }
  routes.put(aRoute({ spec, ...(told && { status: told }) }))
  const isSeen = !isMissing && watchNamespaces.length === 0
  const pass = aPass({
    keyring,
    secrets: scripted<SecretReader>('secrets', {
      read: () => {
        steps.push('look-up')
        return Promise.resolve(
          unreadable === undefined ? { state: 'missing' } : { state: 'failed', failure: unreadable },
        )
      },
    }),
    webhooks: { get: () => (isSeen ? seen.webhook : undefined), list: () => [webhook], byIndex: () => [webhook] },
    recorder: { record: () => undefined },
    client: {
      replaceStatus: <T>(_kind: object, object: T) => {
        statuses.push((object as GeminiRoute).status ?? {})
        routes.put(object as GeminiRoute)
        return Promise.resolve(object)
      },
    },
  })
  const left = new Set(gone)
  const ctx = {
    ...pass,
    config: { ...pass.config, watchNamespaces },
    routes,
    areWebhooksRead: () => isRead,
    namespaces: new IndexedStore(),
    memories: new RouteMemories(pass.clock),
    gone: {
      of: () => [...left].map((of) => aRoute({ metadata: { uid: of } })),
      removed: (_key: object, of: string) => void left.delete(of),
    },
    statusWrites: { add: () => undefined },
  }
  return { pass: () => reconcileRoute(key, ctx), routes, written, removed, statuses, steps, left }
}

const acceptedIn = (status: GeminiRoute['status']) => status?.conditions?.find(({ type }) => type === 'Accepted')
const readyIn = (status: GeminiRoute['status']) => status?.conditions?.find(({ type }) => type === 'Ready')?.reason

test('a pass tells the receivers and writes the status; the next finds nothing to do', async () => {
  const { pass, written, statuses } = aScene()
  await pass()
  assert.equal(written[0]?.route?.webhook.name, 'batch-events')
  assert.equal(readyIn(statuses[0]), 'Succeeded')
  await pass()
  assert.deepEqual([written.length, statuses.length], [1, 1])
})

test('that the webhook turns Ready while the receivers are told is told with the same write', async () => {
  const { pass, statuses } = aScene({ turnsReady: true })
  await pass()
  assert.deepEqual(
    statuses.map(({ webhook }) => webhook?.ready),
    ['True'],
  )
})

test('where a new entry has no room, the route says so and waits', async () => {
  const { pass, written, statuses } = aScene({ hasRoom: false })
  const { type } = await pass()
  assert.equal(type, 'requeueAfter')
  assert.deepEqual(written, [])
  assert.equal(readyIn(statuses[0]), 'KeyringFull')
})

const addresses = ({ sinks }: KeyringEntry) => (sinks.length > 0 ? keyringIsFull(uid) : undefined)

test('a namespace that has used up its room cannot keep its routes by it: a refusal is written with nothing of its own', async () => {
  const first = aScene()
  await first.pass()
  const [known] = first.written
  assert.ok(known)
  const { pass, written, statuses } = aScene({ from: 'Same', known, refuses: addresses })
  await pass()
  assert.equal(written.length, 1)
  assert.deepEqual([written[0]?.sinks, written[0]?.heldSinks], [[], undefined])
  assert.equal(written[0]?.route?.refused, true)
  assert.equal(readyIn(statuses[0]), 'NotAllowed')
  await pass()
  assert.deepEqual([written.length, statuses.length], [1, 1], 'and once is enough')
})

test('what the owner of the webhook takes away is written before anything is looked up for the sinks of the route', async () => {
  const auth = { headersSecretRef: { name: 'slow' } }
  const sinks = [{ name: 'worker', uri: 'https://worker.example.com/', auth }]
  const first = aScene({ sinks })
  await first.pass()
  assert.deepEqual(first.steps, ['look-up', 'write'], 'a new route needs its sinks first')
  const [known] = first.written
  assert.ok(known)
  for (const given of [{ from: 'Same' as const }, { types: ['batch.succeeded'] }]) {
    const { pass, steps } = aScene({ ...given, known, sinks })
    await pass()
    assert.deepEqual(steps, ['write', 'look-up'], JSON.stringify(given))
  }
})

test('a route for which fewer types find no room is refused, until they do', async () => {
  const first = aScene()
  await first.pass()
  const [known] = first.written
  assert.ok(known)
  const full = { is: true }
  const refuses = ({ route }: KeyringEntry) => (full.is && route?.refused !== true ? keyringIsFull(uid) : undefined)
  const { pass, written, statuses } = aScene({ types: ['batch.succeeded'], known, refuses })
  await pass()
  assert.deepEqual(
    written.map(({ route }) => [route?.allowedTypes, route?.refused]),
    [[undefined, true]],
  )
  assert.equal(readyIn(statuses.at(-1)), 'KeyringFull')
  full.is = false
  await pass()
  assert.deepEqual(
    [written.at(-1)?.route?.allowedTypes, written.at(-1)?.route?.refused],
    [['batch.succeeded'], undefined],
  )
  assert.equal(readyIn(statuses.at(-1)), 'Succeeded')
})

test('where another installation has come to serve the webhook, consent that ends ends here too, and is told there', async () => {
  const first = aScene()
  await first.pass()
  const [known] = first.written
  assert.ok(known)
  const servedBy = 'another'
  const allowed = aScene({ servedBy, known })
  assert.equal((await allowed.pass()).type, 'done')
  assert.deepEqual([allowed.written, allowed.statuses], [[], []], 'what waits here is delivered')

  const narrowed = aScene({ servedBy, known, types: ['batch.succeeded'] })
  await narrowed.pass()
  assert.deepEqual(
    narrowed.written.map(({ route }) => route?.allowedTypes),
    [['batch.succeeded']],
  )
  const withdrawn = aScene({ servedBy, known, from: 'Same' })
  await withdrawn.pass()
  assert.deepEqual(
    withdrawn.written.map(({ route }) => route?.refused),
    [true],
  )
  await withdrawn.pass()
  assert.deepEqual([withdrawn.written.length, withdrawn.statuses], [1, []], 'once, and without a word in the status')

  const unwritten = aScene({ servedBy, known, from: 'Same', refuses: () => keyringIsFull(uid) })
  await assert.rejects(unwritten.pass(), TransientError, 'it is tried until the receivers know')
  const unknown = aScene({ servedBy, from: 'Same' })
  await unknown.pass()
  assert.deepEqual([unknown.written, unknown.statuses], [[], []], 'a route that is not known here is none of ours')
})

test('where two installations see a route, the one that does not watch its webhook leaves what the other says of it', async () => {
  const there = aScene({ isMissing: true })
  await there.pass()
  const [saidThere] = there.statuses
  const watchNamespaces = ['team-search']
  const here = aScene({ watchNamespaces, ...(saidThere && { told: saidThere }) })
  assert.equal((await here.pass()).type, 'done')
  assert.deepEqual(here.statuses, [], 'or each would write its own message over that of the other, without end')
  const alone = aScene({ watchNamespaces })
  await alone.pass()
  assert.match(acceptedIn(alone.statuses[0])?.message ?? '', /watchNamespaces/)
  const [saidAlone] = alone.statuses
  const again = aScene({ watchNamespaces, sinks: [], ...(saidAlone && { told: saidAlone }) })
  await again.pass()
  assert.deepEqual(again.statuses.at(-1)?.sinks, [], 'and goes on to tell the rest of a route of which it alone spoke')
  const overruled = aScene({ isMissing: true, ...(saidAlone && { told: saidAlone }) })
  await overruled.pass()
  assert.equal(acceptedIn(overruled.statuses[0])?.message, acceptedIn(saidThere)?.message)
})

test('while the webhooks of a namespace could not be read, the endpoint of a route stays open; once there is none it ends', async () => {
  const dynamic = { tokens: [{ hash: 'a'.repeat(64) }], audiences: [] }
  const first = aScene()
  await first.pass()
  const [bare] = first.written
  assert.ok(bare)
  const known = { ...bare, dynamic }
  const unreadable: Failure = {
    class: 'transient',
    reason: 'ProgressingWithRetry',
    message: '',
    mayHaveCommitted: false,
  }
  const unread = aScene({ known, unreadable, isMissing: true, isRead: false })
  await unread.pass()
  assert.deepEqual(unread.written, [])
  assert.deepEqual(acceptedIn(unread.statuses[0])?.reason, 'Progressing')
  const missing = aScene({ known, unreadable, isMissing: true })
  await missing.pass()
  assert.deepEqual(
    missing.written.map((entry) => entry.dynamic),
    [undefined],
  )
})

const failing = (kind: 'transient' | 'refused') => () =>
  new FailedCall({ class: kind, reason: 'RefusedByAPIServer', message: 'no', mayHaveCommitted: false })

test('a write that may pass is tried again and turns no condition; one that is refused for good is told as well', async () => {
  const passing = aScene({ refuses: failing('transient') })
  await assert.rejects(passing.pass(), TransientError)
  assert.deepEqual(passing.statuses, [])
  const standing = aScene({ refuses: failing('refused') })
  await assert.rejects(standing.pass(), TransientError)
  assert.equal(readyIn(standing.statuses[0]), 'RefusedByAPIServer')
})

test('where the Secret of its endpoint cannot be had, all else of a route is done first', async () => {
  const unreadable: Failure = {
    class: 'transient',
    reason: 'ProgressingWithRetry',
    message: '',
    mayHaveCommitted: false,
  }
  const passing = aScene({ unreadable })
  await assert.rejects(passing.pass(), TransientError)
  assert.deepEqual([passing.written.length, passing.written[0]?.dynamic, passing.statuses.length], [1, undefined, 0])
  const standing = aScene({ unreadable: { ...unreadable, class: 'refused', reason: 'RefusedByAPIServer' } })
  await assert.rejects(standing.pass(), TransientError)
  assert.equal(standing.written.length, 1)
  assert.equal(readyIn(standing.statuses[0]), 'RefusedByAPIServer')
  const taken = aScene({ unreadable: { ...unreadable, class: 'terminal', reason: 'SecretNameTaken' } })
  assert.equal((await taken.pass()).type, 'requeueAfter')
  assert.equal(readyIn(taken.statuses[0]), 'SecretNameTaken')
})

test('the entries of routes that went are taken out, also where one of the same name is there again', async () => {
  const { pass, removed, left, written, routes } = aScene({ gone: ['first', 'second'] })
  await pass()
  assert.deepEqual(removed, ['first', 'second'])
  assert.equal(left.size, 0)
  assert.equal(written.length, 1)
  routes.remove(key)
  assert.deepEqual(await pass(), { type: 'done' })
})
