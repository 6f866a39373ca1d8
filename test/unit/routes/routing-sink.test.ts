import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { InboxUnavailableError, type AppendResult, type GivenUpResult, type NewEvent } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import type { AttachedRoute } from '../../../src/routes/attached-route.ts'
import { RouteIndex } from '../../../src/routes/route-index.ts'
import { routesSink } from '../../../src/routes/routes-sink.ts'
import { createRoutingSink } from '../../../src/routes/routing-sink.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

interface Answers {
  append?: (copy: NewEvent, clock: FakeClock) => AppendResult | Promise<AppendResult>
  givenUp?: GivenUpResult | Error
  onGivenUp?: (copy: NewEvent) => void
}

/** A routing step over these routes, and all that it stored. */
function aStep(routes: readonly AttachedRoute[], answers: Answers = {}) {
  const { append = () => 'stored', givenUp = 'stored', onGivenUp = () => undefined } = answers
  const clock = new FakeClock()
  const metrics = createMetrics()
  const appended: NewEvent[] = []
  const deadLetters: { copy: NewEvent; reason: string }[] = []
  const full: string[] = []
  const sink = createRoutingSink({
    indexOf: (uid) => new RouteIndex(uid === 'uid-1' ? routes : []),
    typeOf: ({ body }) => parseEnvelope(body).type,
    append: async (copy) => {
      appended.push(copy)
      return append(copy, clock)
    },
    inbox: {
      appendGivenUp: async (copy, reason) => {
        deadLetters.push({ copy, reason })
        onGivenUp(copy)
        if (givenUp instanceof Error) throw givenUp
        return givenUp
      },
    },
    onFull: ({ owner }) => full.push(owner.uid),
    clock,
    logger: silentLogger,
    metrics,
  })
  const send = (event = anEvent(), signal = new AbortController().signal) =>
    sink.send(anOutgoing({ event, sink: routesSink }), signal)
  const fullOf = async (namespace: string) => {
    const { text } = await metrics.expose()
    const line = text
      .split('\n')
      .find((each) => each.startsWith(`gwh_route_full_total{route_namespace="${namespace}"}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  return { send, appended, deadLetters, full, fullOf }
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => aRouteEntry({ uid: `r${at}`, name: `r${at}` }))

test('each route that matches gets a copy of its own, for the sinks that it has', async () => {
  const filter = { typesExact: ['video.generated'], typesPrefix: [] }
  const { send, appended } = aStep([
    aRouteEntry({ uid: 'a', sinks: [aSink({ name: 'one' }), aSink({ name: 'two' })], heldSinks: ['three'] }),
    aRouteEntry({ uid: 'b', namespace: 'ads', name: 'all' }),
    aRouteEntry({ uid: 'c', route: { filter } }),
  ])
  const event = anEvent({ sinks: ['worker', '$routes'] })
  assert.deepEqual(await send(event), { type: 'delivered' })
  const inA = { uid: 'a', namespace: 'search', name: 'groute/nightly-eval' }
  const inB = { uid: 'b', namespace: 'ads', name: 'groute/all' }
  assert.deepEqual(appended, [
    { ...event, owner: inA, sinks: ['one', 'two', 'three'] },
    { ...event, owner: inB, sinks: ['worker'] },
  ])
})

test('a copy is recognised by its id, whether the event is still as it came or was read from the inbox', async () => {
  const { send, appended } = aStep(numbered(1))
  const event = anEvent({ sinks: ['$routes'] })
  await send({ ...event, dedupe: { key: 'batch.succeeded.x', rememberMs: 1_000 } })
  await send(event)
  assert.equal(appended.length, 2)
  assert.deepEqual(appended[0], appended[1])
  assert.ok(appended.every((copy) => !('dedupe' in copy)))
})

test('an event that no route wants is done with at once', async () => {
  const { send, appended } = aStep([])
  assert.deepEqual([await send(), appended], [{ type: 'delivered' }, []])
})

test('what is there already counts as stored: a step that was cut off is repeated', async () => {
  const { send } = aStep(numbered(3), { append: ({ owner }) => (owner.uid === 'r1' ? 'stored' : 'duplicate') })
  assert.deepEqual(await send(), { type: 'delivered' })
})

test('a route that is full gets its copy as dead letters and holds up no other', async () => {
  const { send, appended, deadLetters, full, fullOf } = aStep(numbered(2), {
    append: ({ owner }) => (owner.uid === 'r0' ? 'ownerFull' : 'stored'),
  })
  assert.deepEqual(await send(), { type: 'delivered' })
  assert.equal(appended.length, 2)
  assert.deepEqual(deadLetters, [{ copy: appended[0], reason: 'RouteFull' }])
  assert.equal(await fullOf('search'), 1)
  assert.deepEqual(full, ['r0'], 'its owner is told')
})

test('routes that are full are seen to when all others have their copies', async () => {
  const order: string[] = []
  const { send, deadLetters } = aStep(numbered(300), {
    append: ({ owner }) => {
      order.push(owner.uid)
      return Number(owner.uid.slice(1)) < 200 ? 'ownerFull' : 'stored'
    },
    onGivenUp: ({ owner }) => order.push(`given up: ${owner.uid}`),
  })
  assert.deepEqual(await send(), { type: 'delivered' })
  assert.equal(deadLetters.length, 200)
  assert.equal(
    order.findIndex((each) => each.startsWith('given up')),
    300,
  )
})

test('copies of a small event are stored many at once, so that they share writes; of a large one no more than 4 MiB', async () => {
  for (const [bytes, want] of [
    [300, 128],
    [256 * 1024, 16],
  ] as const) {
    let underWay = 0
    let most = 0
    const { send, appended } = aStep(numbered(300), {
      append: async () => {
        most = Math.max(most, (underWay += 1))
        await Promise.resolve()
        underWay -= 1
        return 'stored' as const
      },
    })
    assert.deepEqual(await send(anEvent({ body: new Uint8Array(bytes) })), { type: 'delivered' })
    assert.deepEqual([appended.length, most], [300, want])
  }
})

test('one that cannot be kept even so is counted, one that was kept before is not', async () => {
  const dropped = aStep(numbered(1), { append: () => 'ownerFull', givenUp: 'dropped' })
  assert.deepEqual([await dropped.send(), await dropped.fullOf('search')], [{ type: 'delivered' }, 1])
  assert.deepEqual(dropped.full, ['r0'])
  const kept = aStep(numbered(1), { append: () => 'ownerFull', givenUp: 'duplicate' })
  assert.deepEqual([await kept.send(), await kept.fullOf('search')], [{ type: 'delivered' }, 0])
  assert.deepEqual(kept.full, [])
})

const broken: { name: string; answers: Answers; cause: string }[] = [
  { name: 'the inbox is full', answers: { append: () => 'inboxFull' }, cause: 'inboxFull' },
  {
    name: 'the inbox has no room even for a dead letter',
    answers: { append: () => 'ownerFull', givenUp: 'full' },
    cause: 'inboxFull',
  },
  {
    name: 'too much of the route waits to be written',
    answers: { append: () => 'ownerBusy', givenUp: new TypeError('it is not full') },
    cause: 'inboxUnavailable',
  },
  {
    name: 'the inbox cannot write',
    answers: {
      append: () => {
        throw new InboxUnavailableError('the disk is full')
      },
    },
    cause: 'inboxUnavailable',
  },
  {
    name: 'the inbox cannot write a dead letter',
    answers: { append: () => 'ownerFull', givenUp: new InboxUnavailableError('the disk is full') },
    cause: 'inboxUnavailable',
  },
  {
    name: 'something of ours throws',
    answers: {
      append: () => {
        throw new TypeError('a defect')
      },
    },
    cause: 'fault',
  },
]
for (const { name, answers, cause } of broken) {
  test(`where ${name}, the step is repeated`, async () => {
    assert.deepEqual(await aStep(numbered(2), answers).send(), { type: 'retryable', cause })
  })
}

const defect = () => {
  throw new TypeError('a defect')
}

/** Sixteen copies of it are one round. */
const large = anEvent({ body: new Uint8Array(256 * 1024) })

test('one copy that cannot be stored leaves those of its round stored, and begins no other round', async () => {
  const { send, appended } = aStep(numbered(40), {
    append: ({ owner }) => (owner.uid === 'r3' ? 'inboxFull' : 'stored'),
  })
  assert.deepEqual(await send(large), { type: 'retryable', cause: 'inboxFull' })
  assert.equal(appended.length, 16)
})

test('routes of which too much waits, or with which something is wrong, keep no copy of another from being stored', async () => {
  const faults = [
    { fault: () => 'ownerBusy' as const, cause: 'inboxUnavailable' },
    { fault: defect, cause: 'fault' },
  ]
  for (const { fault, cause } of faults) {
    const { send, appended, deadLetters } = aStep(numbered(40), {
      append: ({ owner }) => (Number(owner.uid.slice(1)) < 20 ? fault() : owner.uid === 'r20' ? 'ownerFull' : 'stored'),
    })
    assert.deepEqual(await send(large), { type: 'retryable', cause })
    assert.equal(appended.length, 40)
    assert.deepEqual(deadLetters, [], 'which could be given up for nothing, and again with each repetition')
  }
})

test('a step that takes too long goes on as another attempt', async () => {
  const { send, appended } = aStep(numbered(40), {
    append: async ({ owner }, clock) => {
      if (owner.uid === 'r0') await clock.advance({ seconds: 10 })
      return 'stored' as const
    },
  })
  assert.deepEqual(await send(large), { type: 'retryable', cause: 'timeout' })
  assert.equal(appended.length, 16)
})

test('nothing is begun once the process ends', async () => {
  const { send, appended } = aStep(numbered(2))
  assert.deepEqual(await send(anEvent(), AbortSignal.abort()), { type: 'retryable', cause: 'cancelled' })
  assert.deepEqual(appended, [])
})
