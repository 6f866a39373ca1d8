import assert from 'node:assert/strict'
import { test } from 'node:test'

import { runCommand } from '../../../src/cli/run-command.ts'
import type { Inbox } from '../../../src/inbox/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import type { FakeClock } from '../../support/doubles/fake-clock.ts'
import { twoReceivers } from '../../support/worlds/two-receivers.ts'

async function aDeadLetter(inbox: Inbox, eventId: string, body = '{"type":"batch.failed"}'): Promise<void> {
  await inbox.append(anEvent({ eventId, body: Buffer.from(body) }))
  const [claimed] = await inbox.claimDue(1, 60_000)
  assert.ok(claimed)
  await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected', cause: 'refused 422' })
}

test('gwh inbox shows every receiver that runs, found by its labels in the namespace', async (t) => {
  const { a, gwh, seen } = await twoReceivers(t, { namespaces: ['operators'] })
  await a.inbox.append(anEvent())
  await a.clock.advance({ seconds: 90 })
  const { code, out, err } = await gwh('inbox', '--operator-namespace=operators')
  assert.deepEqual([code, err], [0, ''])
  assert.deepEqual(out.split('\n'), [
    'POD             INBOX  EVENTS  PENDING  DEAD LETTERS  OLDEST PENDING',
    'gwh-receiver-0  own    1       1        0             90s',
    'gwh-receiver-1  own    0       0        0             0s',
    '',
    'POD             NAMESPACE  EVENTS  BYTES  DEAD LETTERS  REMEMBERED IDS  UNDER WAY  WAITING',
    'gwh-receiver-0  ml         1       136    0             1               0          2',
    'gwh-receiver-0  default    0       0      0             0               3          1',
    'gwh-receiver-1  default    0       0      0             0               3          1',
    'gwh-receiver-1  ml         0       0      0             0               0          2',
    '',
  ])
  const [request = ''] = seen
  assert.match(request, /^\/api\/v1\/namespaces\/operators\/pods\?labelSelector=/)
  assert.match(decodeURIComponent(request), /component=receiver.* Bearer a-token$/)
})

test('gwh inbox tells who may see one namespace alone of that one, and of an inbox that receivers share once', async (t) => {
  const given = { isInboxShared: true, forbidden: /\/geminiwebhooks/ }
  const { a, gwh } = await twoReceivers(t, given)
  await a.inbox.append(anEvent())
  const { code, out } = await gwh('inbox')
  assert.equal(code, 0)
  assert.deepEqual(out.split('\n').slice(3), [
    'POD             NAMESPACE  EVENTS  BYTES  DEAD LETTERS  REMEMBERED IDS  UNDER WAY  WAITING',
    'gwh-receiver-0  default    0       0      0             0               6          2',
    '',
  ])
  assert.doesNotMatch((await gwh('inbox', '-o', 'json')).out, /"ml"|uid/)
})

test('gwh deadletters lists those of every receiver, newest first, each by an id that names its pod', async (t) => {
  const { a, b, gwh } = await twoReceivers(t)
  await aDeadLetter(a.inbox, 'msg_old')
  await b.clock.advance({ minutes: 5 })
  await aDeadLetter(b.inbox, 'msg_new', '{"type":"batch.succeeded"}')
  const { code, out } = await gwh('deadletters', '-A')
  assert.equal(code, 0)
  const [, first = '', second = ''] = out.split('\n')
  assert.match(
    first,
    /^gwh-receiver-1\/1 +2026-11-21T12:05:00\.000Z +ml\/batch-events +worker +batch\.succeeded +Rejected +1 +refused 422 +msg_new$/,
  )
  assert.match(second, /^gwh-receiver-0\/1 .* msg_old$/)

  const json = JSON.parse((await gwh('deadletters', '-A', '--type=batch.failed', '-o', 'json')).out) as {
    deadLetters: object[]
  }
  const at = '2026-11-21T12:00:00.000Z'
  assert.deepEqual(json.deadLetters, [
    {
      id: 'gwh-receiver-0/1',
      deliveryId: '1',
      eventId: 'msg_old',
      eventType: 'batch.failed',
      sink: 'worker',
      reason: 'Rejected',
      attempts: 1,
      lastCause: 'refused 422',
      lastStatus: 422,
      namespace: 'ml',
      name: 'batch-events',
      uid: 'uid-1',
      since: at,
      endedAt: at,
    },
  ])
  const [header = '', , old = ''] = (await gwh('deadletters', '-A', '-o', 'wide')).out.split('\n')
  assert.match(header, / LAST CAUSE +EVENT +SINCE$/)
  assert.ok(old.endsWith(at), old)
  assert.equal((await gwh('deadletters', '-A', '--webhook=ml/other')).out, 'No dead letters.\n')
})

test('gwh delivered lists what is kept, and gwh replay --delivered sends it again', async (t) => {
  const { a, b, gwh } = await twoReceivers(t)
  for (const [inbox, eventId] of [
    [a.inbox, 'msg_a'],
    [b.inbox, 'msg_b'],
  ] as const) {
    await inbox.append(anEvent({ eventId }))
    const [claimed] = await inbox.claimDue(1, 60_000)
    assert.ok(claimed)
    await inbox.record(claimed, { type: 'Succeed', keepUntilMs: Date.parse('2026-11-24T12:00:00Z') })
  }
  const { code, out } = await gwh('delivered', '-A', '--event-id=msg_b')
  assert.equal(code, 0)
  assert.match(
    out,
    /\ngwh-receiver-1\/1 +2026-11-21T12:00:00\.000Z +ml\/batch-events +worker +batch\.succeeded +2026-11-24T12:00:00\.000Z +msg_b\n$/,
  )
  assert.equal((await gwh('delivered', '-A', '--sink=other')).out, 'Nothing that was delivered is kept.\n')
  const refused = await gwh('replay', '-A', '--delivered', '--reason=Rejected')
  assert.deepEqual([refused.code, refused.out], [2, ''])
  assert.match(refused.err, /what was delivered has no reason: leave out --reason/)
  assert.equal((await gwh('replay', '-A', '--sink=worker')).out, '0 will be sent again.\n', 'there is no dead letter')
  assert.equal((await gwh('replay', '-A', '--delivered', '--event-id=msg_b')).out, '1 will be sent again.\n')
  assert.equal((await gwh('replay', 'gwh-receiver-0/1')).out, '1 will be sent again.\n')
  assert.deepEqual([(await a.inbox.stats()).pending, (await b.inbox.stats()).pending], [1, 1])
  assert.equal((await gwh('replay', '--delivered', '--all', '-A')).out, '0 will be sent again.\n')
})

test('gwh deadletters --body prints one body as it came', async (t) => {
  const { b, gwh } = await twoReceivers(t)
  await aDeadLetter(b.inbox, 'msg_1', '{"type":"batch.failed","ü":1}')
  assert.equal((await gwh('deadletters', '--body=gwh-receiver-1/1')).out, '{"type":"batch.failed","ü":1}')
  const { code, err } = await gwh('deadletters', '--body=gwh-receiver-0/1')
  assert.equal(code, 1)
  assert.match(err, /gwh deadletters: the receiver answered 404: deliveryId is no dead letter/)
})

test('gwh replay by name touches that one of that pod only, and tells which one was none', async (t) => {
  const { a, b, gwh } = await twoReceivers(t)
  await aDeadLetter(a.inbox, 'msg_a')
  await aDeadLetter(b.inbox, 'msg_b')
  const { code, out, err } = await gwh('replay', 'gwh-receiver-1/1', 'gwh-receiver-1/99')
  assert.deepEqual([code, out], [1, '1 will be sent again.\n'])
  assert.equal(err, 'gwh replay: gwh-receiver-1/99: is no dead letter (any more)\n')
  assert.deepEqual([(await a.inbox.stats()).pending, (await b.inbox.stats()).pending], [0, 1])
})

test('gwh replay by selection goes through every page of every receiver', async (t) => {
  const { a, b, gwh } = await twoReceivers(t)
  for (let n = 0; n < 1_200; n++) await a.inbox.append(anEvent({ eventId: `msg_${n}` }))
  for (
    let claimed = await a.inbox.claimDue(500, 60_000);
    claimed.length > 0;
    claimed = await a.inbox.claimDue(500, 60_000)
  ) {
    await Promise.all(claimed.map((one) => a.inbox.record(one, { type: 'DeadLetter', reason: 'Rejected' })))
  }
  await aDeadLetter(b.inbox, 'msg_b')
  const { code, out } = await gwh('replay', '-A', '--sink=worker', '--reason=Rejected')
  assert.deepEqual([code, out], [0, '1201 will be sent again.\n'])
  assert.equal((await a.inbox.stats()).pending, 1_200)
})

test('gwh replay needs one way to say what, and only one', async (t) => {
  const { gwh, seen } = await twoReceivers(t)
  for (const args of [[], ['a/1', '--all'], ['--all', '--sink=x'], ['17']]) {
    const { code, err } = await gwh('replay', ...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, /POD\/ID/)
  }
  assert.deepEqual(seen, [], 'nobody was asked')
})

test('receivers that share an inbox are asked once', async (t) => {
  const { a, b, gwh } = await twoReceivers(t, { isInboxShared: true })
  await aDeadLetter(a.inbox, 'msg_a')
  await aDeadLetter(b.inbox, 'msg_b')
  const { out } = await gwh('deadletters', '-A', '-o', 'json')
  assert.deepEqual(
    (JSON.parse(out) as { deadLetters: { eventId: string }[] }).deadLetters.map(({ eventId }) => eventId),
    ['msg_a'],
  )
})

test('gwh listen shows the last deliveries of all in order, then what happens, and ends when no receiver is left', async (t) => {
  const { a, b, commands, kubeconfig } = await twoReceivers(t)
  const owner = { namespace: 'ml', name: 'batch-events' }
  const at = Date.parse('2026-11-21T12:00:00Z')
  const request = {
    kind: 'request',
    route: 'r',
    outcome: 'Stored',
    status: 204,
    ...owner,
    headers: {},
    durationMs: 1,
  } as const
  a.feed.add({ ...request, atMs: at, eventId: 'msg_1' })
  b.feed.add({ ...request, atMs: at + 1_000, eventId: 'msg_2' })
  a.feed.add({
    kind: 'step',
    atMs: at + 2_000,
    ...owner,
    eventId: 'msg_1',
    sink: 'worker',
    next: 'DeadLetter',
    reason: 'SinkRemoved',
  })
  const lines: string[] = []
  const errors: string[] = []
  const context = {
    env: { GWH_KUBECONFIG: kubeconfig },
    version: '1.2.3',
    out: (text: string) => void lines.push(text.trimEnd()),
    err: (text: string) => void errors.push(text),
  }
  const running = runCommand(['listen', '--webhook=ml/batch-events'], commands, context)
  await eventually('what was', () => lines.length === 3)
  assert.deepEqual(lines, [
    '2026-11-21T12:00:00.000Z gwh-receiver-0 ml/batch-events msg_1 <- Stored 204',
    '2026-11-21T12:00:01.000Z gwh-receiver-1 ml/batch-events msg_2 <- Stored 204',
    '2026-11-21T12:00:02.000Z gwh-receiver-0 ml/batch-events msg_1 -> worker DeadLetter SinkRemoved',
  ])
  const attempt = { number: 2, sinkType: 'http', outcome: 'delivered', status: 204, replayed: false, durationMs: 3 }
  await eventually('what is', () => {
    b.feed.add({ kind: 'step', atMs: at + 3_000, ...owner, eventId: 'msg_3', sink: 'worker', next: 'Succeed', attempt })
    return lines.length > 3
  })
  assert.equal(
    lines[3],
    '2026-11-21T12:00:03.000Z gwh-receiver-1 ml/batch-events msg_3 -> worker attempt 2 delivered 204 Succeed',
  )
  await Promise.all([a.server.close(), b.server.close()])
  assert.equal(await running, 1)
  assert.equal(errors.length, 2)
})

test('gwh listen --no-follow ends with what was', async (t) => {
  const { gwh } = await twoReceivers(t)
  assert.deepEqual(await gwh('listen', '-A', '--no-follow'), { code: 0, out: '', err: '' })
})

test('a pod that does not run is named with those that do', async (t) => {
  const { gwh } = await twoReceivers(t)
  const { code, err } = await gwh('inbox', '--pods=gwh-receiver-2')
  assert.equal(code, 1)
  assert.match(
    err,
    /gwh inbox: pod gwh-receiver-2: no receiver of that name runs in gemini-webhook-system; there are gwh-receiver-1/,
  )
})

test('gwh drain moves what has not ended, pending and dead, as it stands, and leaves the other receiver nothing twice', async (t) => {
  const { a, b, gwh } = await twoReceivers(t)
  for (let n = 0; n < 250; n++) await b.inbox.append(anEvent({ eventId: `msg_${n}`, sinks: ['worker', 'other'] }))
  await aDeadLetter(b.inbox, 'msg_dead')
  await a.inbox.append(anEvent({ eventId: 'msg_7' })) // repeated by Google, stored there too
  const before = await b.inbox.stats()
  const { code, out, err } = await gwh('drain', 'gwh-receiver-1', '--settle=0s')
  assert.deepEqual([code, out], [0, '251 events moved from gwh-receiver-1 to gwh-receiver-0.\n'])
  assert.match(err, /gwh-receiver-1 takes no more traffic/)
  assert.deepEqual([a.begun.count, b.begun.count], [0, 1])
  const [left, there] = [await b.inbox.stats(), await a.inbox.stats()]
  assert.deepEqual([left.events, left.pending, left.deadLetters, left.bodyBytes], [0, 0, 0, 0])
  assert.equal(there.events, 251)
  assert.equal(there.deadLetters, before.deadLetters)
  assert.equal(await b.inbox.append(anEvent({ eventId: 'msg_3' })), 'duplicate', 'its ids are still remembered')
  assert.equal(
    (await gwh('drain', 'gwh-receiver-1', '--settle=0s')).out,
    '0 events moved from gwh-receiver-1 to gwh-receiver-0.\n',
  )
})

test('gwh drain does not move a receiver to itself', async (t) => {
  const { gwh } = await twoReceivers(t)
  const { code, err } = await gwh('drain', 'gwh-receiver-0', '--to=gwh-receiver-0')
  assert.deepEqual([code, err], [2, 'gwh drain: --to: gwh-receiver-0 is the receiver to drain: name another one\n'])
})

test('gwh drain needs another receiver that runs, and inboxes that are not shared', async (t) => {
  const { a, gwh } = await twoReceivers(t)
  await a.inbox.append(anEvent())
  const { code, err } = await gwh('drain', 'gwh-receiver-0', '--to=gwh-receiver-9', '--settle=0s')
  assert.equal(code, 1)
  assert.match(err, /gwh-receiver-9: does not run; the events stay/)
  assert.equal((await gwh('drain')).code, 2)
  assert.deepEqual([a.begun.count, (await a.inbox.stats()).events], [0, 1])
})

/** A delivery that was tried in vain and waits for half an hour. */
async function aPending({ inbox, clock }: { inbox: Inbox; clock: FakeClock }, eventId: string, cause: string) {
  await inbox.append(anEvent({ eventId }))
  const [claimed] = await inbox.claimDue(1, 60_000)
  assert.ok(claimed)
  await inbox.record(claimed, { type: 'RetryAt', atMs: clock.now() + 1_800_000, cause })
}

test('gwh deliveries lists what is pending in every inbox, oldest first, with its next try and why it is still there', async (t) => {
  const { a, b, gwh } = await twoReceivers(t)
  await aPending(b, 'msg_old', 'status 503')
  await a.clock.advance({ minutes: 5 })
  await aPending(a, 'msg_new', 'timeout')
  await a.inbox.append(anEvent({ eventId: 'msg_way' }))
  await a.inbox.claimDue(1, 60_000)
  const { code, out, err } = await gwh('deliveries', '-A')
  assert.deepEqual([code, err], [0, ''])
  const [header = '', first = '', second = '', third = ''] = out.split('\n')
  assert.match(header, /^ID +WEBHOOK +SINK +TYPE +SINCE +ATTEMPTS +NEXT TRY +LAST CAUSE +EVENT$/)
  assert.match(
    first,
    /^gwh-receiver-1\/1 +ml\/batch-events +worker +batch\.succeeded +2026-11-21T12:00:00\.000Z +1 +2026-11-21T12:30:00\.000Z +status 503 +msg_old$/,
  )
  assert.match(second, /^gwh-receiver-0\/1 .* timeout +msg_new$/)
  assert.match(third, /^gwh-receiver-0\/2 .* 0 +under way +- +msg_way$/)

  const json = JSON.parse((await gwh('deliveries', '-A', '--cause=timeout', '-o', 'json')).out) as {
    pending: { id: string; eventId: string; lastCause: string }[]
  }
  assert.deepEqual(
    json.pending.map(({ id, eventId, lastCause }) => [id, eventId, lastCause]),
    [['gwh-receiver-0/1', 'msg_new', 'timeout']],
  )
  const bounded = await gwh('deliveries', '-A', '--limit=2')
  assert.equal(bounded.out.split('\n').length, 4)
  assert.match(bounded.err, /more than these 2/)
  assert.equal((await gwh('deliveries', '-A', '--webhook=ml/other')).out, 'Nothing is pending.\n')
})

const dueNow = async ({ inbox }: { inbox: Inbox }) => (await inbox.claimDue(10, 60_000)).length

test('gwh retry makes due what is named or selected, and counts it', async (t) => {
  const { a, b, gwh } = await twoReceivers(t)
  for (const id of ['msg_1', 'msg_2']) await aPending(a, id, 'timeout')
  await aPending(b, 'msg_3', 'timeout')
  const named = await gwh('retry', 'gwh-receiver-0/1', 'gwh-receiver-0/99')
  assert.deepEqual([named.code, named.out], [1, '1 made due now.\n'])
  assert.equal(named.err, 'gwh retry: gwh-receiver-0/99: is not pending (any more), or under way\n')
  assert.deepEqual([await dueNow(a), await dueNow(b)], [1, 0])
  const selected = await gwh('retry', '-A', '--sink=worker', '-o', 'json')
  assert.deepEqual([selected.code, JSON.parse(selected.out)], [0, { retried: 2, unknown: [] }])
  assert.deepEqual([await dueNow(a), await dueNow(b)], [1, 1])
})

test('gwh retry goes through every page, and needs one way to say what', async (t) => {
  const { a, gwh } = await twoReceivers(t)
  await Promise.all(Array.from({ length: 1_200 }, (_, n) => a.inbox.append(anEvent({ eventId: `msg_${n}` }))))
  assert.equal((await gwh('retry', '-A', '--all')).out, '1200 made due now.\n')
  for (const args of [[], ['a/1', '--all'], ['--all', '--sink=x'], ['17']]) {
    const { code, err } = await gwh('retry', ...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, /gwh retry: name pending deliveries as POD\/ID/)
  }
})
