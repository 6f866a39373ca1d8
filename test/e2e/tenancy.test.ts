import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import { kubectl, soon } from '../support/processes/cluster-commands.ts'
import { emit, emitMany } from './google.ts'
import { apiKeySecret, standUp, takeDown } from './surroundings.ts'
import {
  addressOf,
  answeredWithin,
  answersByDuration,
  aRoute,
  gotBy,
  jobsOf,
  labelAs,
  pendingOf,
  platform,
  projectEvents,
  quantile,
  scaleWorker,
  teams,
  untilAccepted,
  untilTold,
  waitedMs,
  webhook,
  workerOf,
} from './tenants.ts'
import { Users, type User } from './users.ts'
import { install, missing, newest, remotes, removeAtEnd, simulator, system } from './world.ts'

/** Of one team, for a worker that is gone. */
const backlog = Number(process.env['GWH_BACKLOG'] ?? 5_000)
/** Sent one after the other, to see how long each takes. */
const rounds = 40

const group = 'webhooks.gemini-operator.io'
const inAds = ['--namespace=team-ads', '--webhook=groute/results', '-o', 'json']

/**
 * One registration for many teams, on a real node: a platform team with the API key, and two teams with the roles that
 * ship in their own namespaces. All they do and see, they do and see with a token of their own.
 */
describe('teams of one webhook on a real node', { skip: missing.length > 0 && `needs ${missing.join(', ')}` }, () => {
  const users = new Users()
  let owner: User
  let search: User
  let ads: User
  before(async () => {
    await standUp(teams, [platform])
    const { namespace, name, port } = simulator
    const keys = `http://${name}.${namespace}.svc:${port}/.well-known/jwks.json`
    await install(newest, [`--set-json=receiver.config.jwksUrl=${JSON.stringify(keys)}`])
    await kubectl(['apply', '-f', '-'], readFileSync('test/e2e/platform-rights.yaml', 'utf8'))
    owner = await users.add(platform, 'edit')
    search = await users.add('team-search', 'gwh-edit', 'gwh-view')
    ads = await users.add('team-ads', 'gwh-edit', 'gwh-view')
  })
  after(async () => {
    await users.remove()
    await removeAtEnd('clusterrole,clusterrolebinding', 'gwh-e2e-tenants')
    await takeDown([platform, ...teams])
  })

  test('teams attach routes, before there is a webhook; the platform team makes it, and lets them in', async () => {
    for (const team of [search, ads]) {
      const own = { metadata: { exact: { team: team.namespace } } }
      await team.apply(aRoute(team.namespace, 'own-jobs', own, { dynamic: {} }))
    }
    await search.apply(aRoute('team-search', 'results', { types: { exact: ['batch.succeeded'] } }))
    await ads.apply(aRoute('team-ads', 'results', { types: { prefix: ['batch.'] } }))
    await untilAccepted(search, 'results', 'WebhookNotFound')

    await owner.kubectl(apiKeySecret)
    await owner.apply(projectEvents)
    await untilAccepted(search, 'results', 'NotAllowed')
    for (const team of teams) await owner.kubectl(labelAs(team, true))
    await owner.kubectl(['wait', '--for=condition=Ready', `gwh/${webhook.name}`, '--timeout=2m'])
    for (const team of [search, ads])
      await team.kubectl(['wait', '--for=condition=Ready', 'groute', '--all', '--timeout=2m'])
    await soon(
      'the count of routes',
      async () => (await owner.field('.status.routes.attached', 'gwh', webhook.name)) === '4',
    )
    assert.equal((await remotes()).length, 1, 'one registration at Google for all')
  })

  test('a static event reaches both teams, each as far as it wants it and the owner lets it out', async () => {
    for (const type of ['batch.expired', 'batch.failed', 'batch.succeeded']) await emit(type, `batches/${type}`)
    const wanted = {
      'team-search': ['batches/batch.succeeded'],
      'team-ads': ['batches/batch.failed', 'batches/batch.succeeded'],
    }
    for (const team of teams) {
      await soon(`the events of ${team}`, async () => {
        const jobs = await jobsOf(team, 'results')
        return wanted[team].every((job) => jobs.includes(job))
      })
    }
    for (const team of teams) assert.deepEqual(new Set(await jobsOf(team, 'results')), new Set(wanted[team]), team)
  })

  test('a job of each team reaches its team alone, by its metadata, through the endpoint of the webhook', async () => {
    const secret = ['secret', `${webhook.name}-dynamic-endpoint`]
    const uris = [Buffer.from(await owner.field('.data.uri', ...secret), 'base64').toString('utf8')]
    for (const team of teams) await emit('batch.succeeded', `batches/of-${team}`, { uris, userMetadata: { team } })
    for (const team of teams) {
      await soon(`the job of ${team}`, async () => (await jobsOf(team, 'own-jobs')).length > 0)
      assert.deepEqual(await jobsOf(team, 'own-jobs'), [`batches/of-${team}`])
    }
  })

  test('a team sees and changes its own routes, and nothing of the platform or of another team', async () => {
    const ours = `of geminiwebhooks geminiroutes in ${group}`
    const shipped = [`create update patch delete deletecollection ${ours}`, `get list watch ${ours}`]
    assert.deepEqual(await ads.rightsIn('team-ads'), shipped)
    for (const namespace of ['team-search', platform, system]) assert.deepEqual(await ads.rightsIn(namespace), [])
    for (const namespace of ['team-ads', platform, system])
      assert.match(await ads.refused(['--namespace', namespace, 'get', 'secrets']), /Forbidden/)
    assert.match(await ads.refused(['--namespace=team-search', 'get', 'groute', 'results']), /Forbidden/)
    assert.match(await ads.refused(['--namespace', platform, 'get', 'gwh', webhook.name]), /Forbidden/)
    assert.match(await ads.refused(['get', 'groute', '--all-namespaces']), /Forbidden/)
    assert.match(await ads.refused(labelAs('team-ads', true)), /Forbidden/)
    assert.doesNotMatch(await ads.kubectl(['get', 'groute', '--output=yaml']), /team-search|api-key|whsec_/)
  })

  test('a job that names the endpoint of a team reaches that route alone, which others would want too', async () => {
    for (const team of [search, ads]) {
      const job = `batches/named-by-${team.namespace}`
      const uris = [await addressOf(team, 'own-jobs')]
      await emit('batch.succeeded', job, { uris, userMetadata: { team: team.namespace } })
      await soon(job, async () => (await jobsOf(team.namespace, 'own-jobs')).includes(job))
    }
    await emit('batch.succeeded', 'batches/of-nobody')
    for (const team of teams) {
      await soon('a later one', async () => (await jobsOf(team, 'results')).includes('batches/of-nobody'))
      const named = (await workerOf(team)).filter(({ subject }) => subject.startsWith('batches/named-by-'))
      assert.deepEqual(
        new Set(named.map(({ route, subject }) => `${route} ${subject}`)),
        new Set([`${team}/own-jobs batches/named-by-${team}`]),
      )
    }
  })

  test('gwh tells a team of its routes, and shows deliveries to the platform team alone', async () => {
    for (const team of [search, ads]) {
      await untilTold(team, 'results', /^webhook +Good [^]*^consent +Good [^]*^sink worker +Good /m)
      assert.match(await team.gwh(['status']), /own-jobs[^]*results/)
    }
    for (const command of ['inbox', 'deadletters', 'deliveries']) {
      await assert.rejects(ads.gwh([command]), /forbidden/i, command)
    }
    await assert.rejects(ads.gwh(['replay', '--all']), /forbidden/i)
    assert.equal(await pendingOf(owner), 0)
  })

  test('consent that is withdrawn ends what a team gets, and what waited is replayed once it is given', async () => {
    type DeadLetters = { deadLetters: { reason: string; eventId: string }[] }
    const deadLetters = async () => (JSON.parse(await owner.gwh(['deadletters', ...inAds])) as DeadLetters).deadLetters
    const waiting = ['batches/waits-1', 'batches/waits-2']
    await scaleWorker('team-ads', 0)
    for (const id of waiting) await emit('batch.failed', id)
    await soon('they wait', async () => (await pendingOf(owner)) === waiting.length)

    await owner.kubectl(labelAs('team-ads', false))
    await untilAccepted(ads, 'results', 'NotAllowed')
    await soon('they are given up', async () => (await deadLetters()).length === waiting.length)
    for (const { reason } of await deadLetters()) assert.equal(reason, 'RouteRefused')
    await untilTold(ads, 'results', /Broken: consent: NotAllowed[^]*Remedy: .*spec\.allowedRoutes/)
    await scaleWorker('team-ads', 1)
    await emit('batch.succeeded', 'batches/between')
    await soon('the other team gets it', async () =>
      (await jobsOf('team-search', 'results')).includes('batches/between'),
    )

    await owner.kubectl(labelAs('team-ads', true))
    await untilAccepted(ads, 'results', 'Attached')
    await soon('the replayed ones arrive', async () => {
      await owner.gwh(['replay', ...inAds])
      const jobs = await jobsOf('team-ads', 'results')
      return waiting.every((id) => jobs.includes(id))
    })
    await emit('batch.succeeded', 'batches/later')
    await soon('later events arrive', async () => (await jobsOf('team-ads', 'results')).includes('batches/later'))
    assert.deepEqual(new Set(await jobsOf('team-ads', 'results')), new Set([...waiting, 'batches/later']))
    assert.deepEqual(await deadLetters(), [])
    await untilTold(ads, 'results', /No link is broken\./)
  })

  test(`one team's worker is gone and ${backlog} events wait for it: Google and the other team notice nothing`, async (t) => {
    /** Sends events to both teams, and says how long the other one waited for them, and Google for its answers. */
    const measure = async (tag: string) => {
      const looked = await answersByDuration()
      assert.deepEqual(await emitMany({ type: 'batch.succeeded', count: rounds, tag, atOnce: 1, pauseMs: 50 }), {
        acknowledged: rounds,
        refused: 0,
      })
      const waited = await soon(`${rounds} events ${tag}`, async () => {
        const there = waitedMs(await gotBy('team-search', 'results'), tag)
        return there.length >= rounds && there
      })
      const answers = answeredWithin(looked, await answersByDuration(), 0.99)
      t.diagnostic(
        `${tag}: the other team waited ${quantile(waited, 0.5)} ms (p50), ${quantile(waited, 0.99)} ms (p99); Google at most ${answers} s (p99)`,
      )
      assert.equal(waited.length, rounds)
    }
    await measure('before')
    await scaleWorker('team-ads', 0)
    const sinceMs = performance.now()
    const filled = await emitMany({ type: 'batch.failed', count: backlog, tag: 'backlog', atOnce: 50, pauseMs: 0 })
    assert.deepEqual(filled, { acknowledged: backlog, refused: 0 })
    t.diagnostic(`${backlog} events were taken in ${Math.round(performance.now() - sinceMs)} ms`)
    await soon('all of them wait', async () => (await pendingOf(owner)) >= backlog)
    await measure('beside')
    assert.ok((await pendingOf(owner)) >= backlog, 'all of them still wait')
    await untilTold(ads, 'results', /Broken: sink worker/)
    await untilTold(search, 'results', /No link is broken\./)

    await scaleWorker('team-ads', 1)
    await measure('emptying')
    await owner.gwh(['retry', ...inAds])
    const emptiesWithin = { timeoutMs: 120_000 + backlog * 10, intervalMs: 500 }
    await eventually('the team has all that waited', async () => (await pendingOf(owner)) === 0, emptiesWithin)
    const arrived = new Set((await gotBy('team-ads', 'results')).map(({ id }) => id))
    assert.equal(arrived.size, backlog + 2 * rounds)
  })

  test('the platform team deletes the webhook: nothing is left at Google, and the routes say so', async () => {
    await owner.kubectl(['delete', 'gwh', webhook.name, '--timeout=2m'])
    assert.deepEqual(await remotes(), [])
    await untilAccepted(search, 'results', 'WebhookNotFound')
    await ads.kubectl(['delete', 'groute', '--all'])
  })
})
