import assert from 'node:assert/strict'
import { test } from 'node:test'

import { routeOwnerName } from '../../../src/contract/route-owner.ts'
import type { Inbox } from '../../../src/inbox/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { twoReceivers } from '../../support/worlds/two-receivers.ts'

/** As events name the webhook `batch-events`, or another object. */
const ownerIn = (namespace: string, name = 'batch-events') => ({ namespace, name, uid: `uid-${namespace}-${name}` })
const aRouteIn = (namespace: string, name: string) => ownerIn(namespace, routeOwnerName(name))

async function aDeadLetter(inbox: Inbox, owner: ReturnType<typeof ownerIn>, eventId: string): Promise<void> {
  await inbox.append(anEvent({ eventId, owner }))
  const [claimed] = await inbox.claimDue(1, 60_000)
  assert.ok(claimed)
  await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
}

/** A dead letter of an object in `ml`, and one of an object in `web`. */
async function twoTeams(t: Parameters<typeof twoReceivers>[0], given: Parameters<typeof twoReceivers>[1] = {}) {
  const world = await twoReceivers(t, given)
  await aDeadLetter(world.a.inbox, ownerIn('ml'), 'msg_ml')
  await aDeadLetter(world.b.inbox, ownerIn('web'), 'msg_web')
  const idsOf = async (...args: string[]) => {
    const { out, err, code } = await world.gwh('deadletters', '-o', 'name', ...args)
    assert.equal(code, 0, err)
    return { ids: out.split('\n').filter((id) => id !== ''), err }
  }
  return { ...world, idsOf }
}

test('deliveries are those of the namespace of the context, of -n, or with -A of all', async (t) => {
  const { idsOf } = await twoTeams(t, { context: 'ml' })
  const ofContext = await idsOf()
  assert.deepEqual(ofContext.ids, ['gwh-receiver-0/1'])
  assert.match(ofContext.err, /^gwh deadletters: in namespace ml only; -A is for all namespaces/)
  assert.deepEqual(await idsOf('-n', 'web'), { ids: ['gwh-receiver-1/1'], err: '' })
  assert.deepEqual(await idsOf('-nweb'), { ids: ['gwh-receiver-1/1'], err: '' })
  assert.deepEqual(new Set((await idsOf('-A')).ids), new Set(['gwh-receiver-0/1', 'gwh-receiver-1/1']))
})

test('a webhook is named alone in its namespace, or with it; both must not differ', async (t) => {
  const { gwh, idsOf } = await twoTeams(t, { context: 'ml' })
  for (const args of [
    ['--webhook=batch-events'],
    ['--webhook=ml/batch-events'],
    ['-n', 'ml', '--webhook=ml/batch-events'],
  ])
    assert.deepEqual(await idsOf(...args), { ids: ['gwh-receiver-0/1'], err: '' }, args.join(' '))
  assert.deepEqual((await idsOf('-n', 'web', '--webhook=batch-events')).ids, ['gwh-receiver-1/1'])
  const { code, err } = await gwh('deadletters', '-n', 'web', '--webhook=ml/batch-events')
  assert.equal(code, 1)
  assert.match(err, /ml\/batch-events is in namespace ml, and --namespace says web: leave one out/)
})

test('a route is named by groute/, alone in its namespace or with it, and is no webhook of its name', async (t) => {
  const { a, idsOf, gwh } = await twoTeams(t, { context: 'ml' })
  await aDeadLetter(a.inbox, aRouteIn('ml', 'batch-events'), 'msg_ml')
  await aDeadLetter(a.inbox, aRouteIn('search', 'nightly'), 'msg_ml')
  for (const args of [
    ['--webhook=groute/batch-events'],
    ['--webhook=ml/groute/batch-events'],
    ['-n', 'ml', '--webhook=groute/batch-events'],
  ])
    assert.deepEqual(await idsOf(...args), { ids: ['gwh-receiver-0/2'], err: '' }, args.join(' '))
  assert.deepEqual((await idsOf('--webhook=batch-events')).ids, ['gwh-receiver-0/1'])
  assert.deepEqual((await idsOf('-n', 'search', '--webhook=groute/nightly')).ids, ['gwh-receiver-0/3'])
  assert.deepEqual((await idsOf('-n', 'search')).ids, ['gwh-receiver-0/3'])
  assert.deepEqual(new Set((await idsOf('-n', 'ml')).ids), new Set(['gwh-receiver-0/1', 'gwh-receiver-0/2']))
  assert.match((await gwh('deadletters', '-n', 'search')).out, / search\/groute\/nightly +worker /)

  const replayed = await gwh('replay', '-n', 'search', '--webhook=groute/nightly', '-o', 'name')
  assert.deepEqual(replayed, { code: 0, out: 'gwh-receiver-0/3\n', err: '' })
  assert.match((await gwh('deliveries', '--webhook=search/groute/nightly')).out, / search\/groute\/nightly +worker /)
  assert.equal((await gwh('retry', '--webhook=search/groute/nightly')).out, '1 made due now.\n')
  const both = await gwh('deadletters', '-n', 'web', '--webhook=ml/groute/batch-events')
  assert.match(both.err, /ml\/groute\/batch-events is in namespace ml, and --namespace says web: leave one out/)
})

test('deliveries of a route that is named as a webhook are none, and how to name it is told', async (t) => {
  const { gwh, idsOf } = await twoTeams(t, { context: 'ml', absent: /geminiwebhooks\/nightly$/ })
  const { out, err } = await gwh('deadletters', '--webhook=search/nightly')
  assert.equal(out, 'No dead letters.\n')
  const meant = 'there is a GeminiRoute of that name, which is named search/groute/nightly'
  assert.equal(err, `gwh deadletters: GeminiWebhook search/nightly: does not exist; ${meant}\n`)
  // Of objects that are gone deliveries may be left.
  const gone = await twoTeams(t, { absent: /gemini(webhooks|routes)\// })
  assert.deepEqual(await gone.idsOf('--webhook=ml/batch-events'), { ids: ['gwh-receiver-0/1'], err: '' })
  assert.deepEqual((await idsOf('--webhook=search/groute/nightly')).err, '')
})

test('gwh inbox shows what one route or one webhook has, by sink', async (t) => {
  const { a, b, gwh } = await twoTeams(t, { context: 'ml' })
  await aDeadLetter(a.inbox, aRouteIn('ml', 'nightly'), 'msg_ml')
  await b.inbox.append(anEvent({ eventId: 'msg_more', owner: aRouteIn('ml', 'nightly') }))
  const ofRoute = await gwh('inbox', '--webhook=groute/nightly')
  assert.deepEqual([ofRoute.code, ofRoute.err], [0, ''])
  const [header = '', first = '', second = '', ...rest] = ofRoute.out.split('\n')
  assert.match(header, /^POD +SINK +PENDING +OLDEST PENDING +DEAD LETTERS$/)
  assert.match(first, /^gwh-receiver-0 +worker +0 +- +1$/)
  assert.match(second, /^gwh-receiver-1 +worker +1 +2026-11-21T12:00:00\.000Z +0$/)
  assert.deepEqual(rest, [''])
  const ofWebhook = JSON.parse((await gwh('inbox', '--webhook=web/batch-events', '-o', 'json')).out) as unknown
  assert.deepEqual(ofWebhook, { sinks: [{ pod: 'gwh-receiver-1', sink: 'worker', pending: 0, deadLetters: 1 }] })
  const none = await gwh('inbox', '--webhook=search/groute/nightly')
  assert.equal(none.out, 'Nothing of it is pending, and it has no dead letters.\n')
})

test('gwh replay --all is everything of one namespace, and with -A of all', async (t) => {
  const { a, b, gwh } = await twoTeams(t)
  assert.deepEqual(await gwh('replay', '--all', '-n', 'web', '-o', 'name'), {
    code: 0,
    out: 'gwh-receiver-1/1\n',
    err: '',
  })
  assert.deepEqual([(await a.inbox.stats()).pending, (await b.inbox.stats()).pending], [0, 1])
  assert.equal((await gwh('retry', '--all', '-n', 'ml')).out, '0 made due now.\n')
  assert.equal((await gwh('replay', '--all', '-A')).out, '1 will be sent again.\n')
})

test('--since takes a duration, which is so long ago', async (t) => {
  const { idsOf } = await twoTeams(t, { now: '2026-11-21T13:00:00Z' })
  assert.deepEqual((await idsOf('-A', '--since=59m')).ids, [])
  assert.equal((await idsOf('-A', '--since=1h')).ids.length, 2)
  assert.equal((await idsOf('-A', '--until=59m')).ids.length, 2)
  assert.deepEqual((await idsOf('-A', '--until=1h')).ids, [])
  assert.equal((await idsOf('-A', '--since=2026-11-21T12:00:00Z')).ids.length, 2)
})

test('the namespace of the operator is found by its pods', async (t) => {
  const { gwh, seen } = await twoReceivers(t, { namespaces: ['operators'] })
  assert.deepEqual([(await gwh('inbox')).code, (await gwh('inbox')).err], [0, ''])
  assert.match(seen[0] ?? '', /^\/api\/v1\/pods\?labelSelector=/)
  assert.match(seen[1] ?? '', /^\/api\/v1\/namespaces\/operators\/pods\?/)
})

test('where several operators run, the usual namespace is meant, and without it none', async (t) => {
  const usual = await twoReceivers(t, { namespaces: ['gemini-webhook-system', 'another'] })
  assert.equal((await usual.gwh('inbox')).code, 0)
  const unusual = await twoReceivers(t, { namespaces: ['one', 'another'] })
  const { code, err } = await unusual.gwh('inbox')
  assert.equal(code, 1)
  assert.match(err, /operators run in namespaces another, one: name one of them with --operator-namespace/)
  assert.equal((await unusual.gwh('inbox', '--operator-namespace=one')).code, 0)
})

test('a user who may not list the pods of the cluster means the usual namespace', async (t) => {
  const { gwh } = await twoReceivers(t, { forbidden: /^\/api\/v1\/pods/ })
  assert.equal((await gwh('inbox')).code, 0)
})

test('for one version, a namespace in which the operator runs is taken for --operator-namespace, with a note', async (t) => {
  for (const forbidden of [/^\/nothing/, /^\/api\/v1\/pods/]) {
    const { gwh } = await twoReceivers(t, { namespaces: ['operators'], forbidden })
    for (const command of ['inbox', 'deadletters']) {
      const { code, err } = await gwh(command, '--namespace=operators')
      assert.equal(code, 0, err)
      assert.match(err, /--namespace is that of objects now; since the operator runs in operators, it was taken for/)
    }
    const { code, err } = await gwh('drain', 'gwh-receiver-0', '-n', 'operators', '--to=nobody')
    assert.equal(code, 1)
    assert.match(err, /^gwh drain: nobody: does not run/)
  }
})

test('GWH_NAMESPACE means the operator once more, with a note, and GWH_OPERATOR_NAMESPACE goes before it', async (t) => {
  const { gwhWith } = await twoReceivers(t, { namespaces: ['operators'], forbidden: /^\/api\/v1\/pods/ })
  const former = await gwhWith({ GWH_NAMESPACE: 'operators' })('inbox')
  assert.equal(former.code, 0)
  assert.equal(
    former.err,
    'gwh: GWH_NAMESPACE is called GWH_OPERATOR_NAMESPACE for commands; it will not be read any more\n',
  )
  const both = await gwhWith({ GWH_NAMESPACE: 'elsewhere', GWH_OPERATOR_NAMESPACE: 'operators' })('inbox')
  assert.deepEqual([both.code, both.err], [0, ''])
})

test('--context and --as say which API server is asked, and as whom', async (t) => {
  const { gwh, api } = await twoReceivers(t)
  const unknown = await gwh('inbox', '--context=elsewhere')
  assert.deepEqual([unknown.code, unknown.out], [1, ''])
  assert.match(unknown.err, /no context "elsewhere"; it has: x\n/)
  assert.equal((await gwh('inbox', '--context=x', '--as', 'jane')).code, 0)
  assert.ok(api.headers.length > 0)
  assert.ok(api.headers.every(({ 'impersonate-user': user }) => user === 'jane'))
})

test('every command takes the same letters, and its help shows what it takes', async (t) => {
  const { gwh } = await twoReceivers(t)
  const { out } = await gwh('deadletters', '--help')
  assert.match(out, /^Usage: gwh deadletters \[flags\]/)
  for (const flag of [
    '-n, --namespace=NAMESPACE',
    '-A, --all-namespaces',
    '-o, --output=text|json|yaml|wide|name',
    '--context=NAME',
    '--as=USER',
  ])
    assert.ok(out.includes(flag), flag)
})

test('gwh version tells that of the program, and of what runs, as each tells it itself', async (t) => {
  const { gwh } = await twoReceivers(t)
  const { code, out, err } = await gwh('version')
  assert.deepEqual([code, err], [0, ''])
  assert.deepEqual(out.split('\n'), [
    'PART        POD               VERSION',
    'client      -                 1.2.3',
    'controller  gwh-controller-0  1.2.2',
    'receiver    gwh-receiver-0    1.2.3',
    'receiver    gwh-receiver-1    1.2.3',
    '',
  ])
  assert.deepEqual(await gwh('version', '--client', '-oname'), { code: 0, out: '1.2.3\n', err: '' })
})

test('gwh version prints its own when nothing else can be found out, and says why', async (t) => {
  const { gwh } = await twoReceivers(t, { forbidden: /pods/ })
  const { code, out, err } = await gwh('version', '-o', 'yaml')
  assert.deepEqual([code, out], [3, 'versions:\n  - part: client\n    version: 1.2.3\n'])
  assert.match(err, /^gwh version: list pods/)
})
