import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { abandonAnnotation } from '../../../src/api/names.ts'
import { operatorIn, type AccessConfig } from '../../../src/cli/operator-access.ts'
import { systemClock } from '../../../src/clock.ts'
import { configMapKind, namespaceKind, secretKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { markerOf } from '../../../src/controller/facts/ownership.ts'
import { apiKeyFingerprint } from '../../../src/gemini/api-key-fingerprint.ts'
import { KubernetesApiError } from '../../../src/kubernetes/client.ts'
import { orphanKeyOf, type OrphanRecord } from '../../../src/contract/orphans/orphan-record.ts'
import {
  apiKeySecretName,
  home,
  hooked,
  startControllerFixture,
  tenant,
  type WriteHook,
} from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'

const object = { namespace: tenant, name: 'batch-events' }
const marker = markerOf('prod-eu-1', object)
const secretFlag = `--api-key-secret=${tenant}/${apiKeySecretName}`
const orphansKey = { namespace: home, name: 'gwh-orphans' }

/**
 * The program's command against an embedded Kubernetes API and a simulated service; every call checks that no API key
 * is told.
 */
async function aWorld(t: TestContext, options: Parameters<typeof startControllerFixture>[1] = {}) {
  const fixture = await startControllerFixture(t, options)
  await fixture.putApiKey()
  const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
  const race: { beforePatch: () => Promise<unknown> } = { beforePatch: async () => {} }
  const hook: WriteHook = async (moment, call) => {
    if (moment === 'before' && call === 'patch ConfigMap') await race.beforePatch()
  }
  const operator = async (config: AccessConfig) => {
    const access = await operatorIn(deps)(config)
    return { ...access, client: hooked(access.client, hook) }
  }
  const env = { GWH_KUBECONFIG: fixture.kubeconfigPath, GWH_GOOGLE_BASE_URL: fixture.url }
  const command = gwhCommand({ operator }, env)
  const gwh = async (...args: string[]) => {
    const answer = await command('orphans', ...args)
    assert.ok(!`${answer.out}${answer.err}`.includes(fixture.apiKey), 'an API key was told')
    return answer
  }
  const entries = async () => (await fixture.client.get<ConfigMap>(configMapKind, orphansKey))?.data ?? {}
  return { ...fixture, gwh, entries, race }
}

function once(act: () => Promise<unknown>): () => Promise<unknown> {
  let isDone = false
  return async () => {
    if (isDone) return
    isDone = true
    await act()
  }
}

/** As the controller leaves it, without one: the installation is confirmed, and these are noted. */
async function aWorldWith(t: TestContext, records: Partial<OrphanRecord>[], confirmed = true) {
  const world = await aWorld(t)
  const { client } = world
  const { metadata } = (await client.get(namespaceKind, { namespace: '', name: home })) ?? {}
  const namespaceUid = confirmed ? (metadata?.uid ?? '') : 'of-another-cluster'
  const configMap = (name: string, data: Record<string, string>) =>
    client.create<ConfigMap>(configMapKind, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: home, name },
      data,
    })
  await configMap('gwh-installation', { id: 'prod-eu-1', namespaceUid })
  const keyFingerprint = apiKeyFingerprint(world.apiKey, 'prod-eu-1')
  const noted = records.map((record, index) => {
    const whole = { ...object, keyFingerprint, time: '2026-11-21T12:00:00Z', reason: 'Abandoned', ...record }
    return [orphanKeyOf(`uid-${index}`, record.id), JSON.stringify(whole)]
  })
  await configMap('gwh-orphans', Object.fromEntries(noted) as Record<string, string>)
  return { ...world, keyFingerprint }
}

function aRemote(world: Awaited<ReturnType<typeof aWorld>>, name: string, project = 'project-a'): string {
  const input = { name, uri: 'https://hooks.example.com/v1/s/ml/batch-events', subscribedEvents: ['batch.succeeded'] }
  return world.admin.createWebhook(project, input).id
}

test('gwh orphans: what a controller had to leave is listed, then deleted at Google and taken off the list', async (t) => {
  const world = await aWorld(t)
  const { client, gwh } = world
  assert.deepEqual(await gwh(), { code: 0, out: 'No orphans.\n', err: '' })

  await world.startController()
  await world.apply(object.name)
  const { status } = await world.untilCondition(object.name, 'Ready', { status: 'True' })
  const { id = '', keyFingerprint = '' } = status?.webhook ?? {}
  await client.delete(secretKind, { namespace: tenant, name: apiKeySecretName })
  await world.patch(object.name, { metadata: { annotations: { [abandonAnnotation]: 'true' } } })
  await world.remove(object.name)
  await world.untilGone(object.name)

  const [header = '', row = '', end] = (await gwh()).out.split('\n')
  assert.match(header, /^ID +OBJECT +KEY FINGERPRINT +NOTED +WHY$/)
  const [shownId, shownObject, shownKey, time = '', why] = row.split(/ {2,}/)
  assert.deepEqual([shownId, shownObject, shownKey], [id, 'ml/batch-events', keyFingerprint])
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/)
  assert.deepEqual([why, end], ['the annotation abandoned it', ''])

  const refused = await gwh('delete', id, secretFlag)
  assert.deepEqual([refused.code, refused.out], [1, ''])
  assert.match(refused.err, /--api-key-secret: Secret ml\/gemini-api-key does not exist: create it/)
  assert.equal(world.remotes().length, 1)

  await world.putApiKey()
  assert.deepEqual(await gwh('delete', id, secretFlag), {
    code: 0,
    out: `${id}: deleted at Google, and taken off the list.\n`,
    err: '',
  })
  assert.deepEqual(world.remotes(), [])
  assert.deepEqual(await world.entries(), {})
})

test('an object whose API key moves twice leaves two entries, one for each project', async (t) => {
  const world = await aWorld(t)
  await world.apply(object.name)
  for (const project of ['project-a', 'project-b', 'project-c']) {
    if (project !== 'project-a') {
      world.admin.createProject(project)
      await world.putApiKey(world.admin.createApiKey(project))
    }
    const running = await world.startController()
    await eventually(
      `registered in ${project}`,
      async () => {
        const mine = world.remotes().find((remote) => remote.project === project)
        return mine !== undefined && (await world.get(object.name))?.status?.webhook?.id === mine.id
      },
      { timeoutMs: 40_000, intervalMs: 20 },
    )
    await running.stop() // the next one has never seen this key
  }
  const { orphans } = JSON.parse((await world.gwh('-o', 'json')).out) as { orphans: OrphanRecord[] }
  const left = world.remotes().filter(({ project }) => project !== 'project-c')
  assert.deepEqual(new Set(orphans.map(({ id }) => id)), new Set(left.map(({ id }) => id)))
  assert.equal(orphans.length, 2)
  assert.ok(orphans.every(({ reason }) => reason === 'ProjectChanged'))
})

test('gwh orphans -o json shows each entry whole, old ones and unreadable ones included', async (t) => {
  const world = await aWorldWith(t, [{ id: 'wh_1', uri: 'https://hooks.example.com/v1/s/ml/batch-events' }, {}])
  const data = { 'uid-9': 'not a record' }
  await world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  const { code, out } = await world.gwh('-o', 'json')
  const { keyFingerprint } = world
  const rest = { ...object, keyFingerprint, time: '2026-11-21T12:00:00Z', reason: 'Abandoned' }
  assert.deepEqual(
    [code, JSON.parse(out)],
    [
      0,
      {
        orphans: [
          { id: 'uid-9', entry: 'uid-9' },
          { id: 'wh_1', entry: 'uid-0.wh_1', uri: 'https://hooks.example.com/v1/s/ml/batch-events', ...rest },
          { id: 'uid-1', entry: 'uid-1', ...rest },
        ],
      },
    ],
  )
  const { out: text } = await world.gwh()
  assert.match(text, /^uid-9 +its entry cannot be read; look at the ConfigMap$/m)
  assert.match(text, /^uid-1 .*the annotation abandoned it; its id is unknown$/m)
  const refused = await world.gwh('delete', 'uid-9', secretFlag)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /uid-9: its entry cannot be read: .*'\{"data":\{"uid-9":null\}\}'\n$/)
})

test('gwh orphans delete goes through all that are named, and tells which one it could not clean and why', async (t) => {
  const world = await aWorldWith(t, [])
  const [marked, unmarked, foreign] = [
    aRemote(world, marker),
    aRemote(world, 'by hand'),
    aRemote(world, 'gwh:ffffffffffff x'),
  ]
  const gone = 'wh-gone'
  const data = Object.fromEntries(
    [marked, unmarked, foreign, gone].map((id) => [
      orphanKeyOf('uid', id),
      JSON.stringify({ ...object, id, keyFingerprint: world.keyFingerprint }),
    ]),
  )
  await world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  const names = [marked, foreign, 'wh-unknown', unmarked, gone]
  const { code, out, err } = await world.gwh('delete', ...names, secretFlag, '-o', 'json')
  assert.equal(code, 1)
  const { cleaned, problems } = JSON.parse(out) as { cleaned: unknown[]; problems: string[] }
  assert.deepEqual(cleaned, [
    { id: marked, result: 'deleted', webhooks: [marked] },
    { id: unmarked, result: 'deleted', webhooks: [unmarked] },
    { id: gone, result: 'gone', webhooks: [] },
  ])
  assert.equal(err, problems.map((problem) => `gwh orphans: ${problem}\n`).join(''))
  const [unknown = '', left = ''] = problems
  assert.equal(problems.length, 2)
  assert.match(unknown, /^wh-unknown: is not noted \(any more\) in ConfigMap gemini-webhook-system\/gwh-orphans/)
  assert.match(
    left,
    new RegExp(`^${foreign}: webhook of GeminiWebhook ml/batch-events: it carries the marker gwh:f{12}`),
  )
  assert.ok(left.includes(`kubectl --namespace ${home} patch configmap gwh-orphans`))
  assert.deepEqual(
    world.remotes().map(({ id }) => id),
    [foreign],
  )
  assert.deepEqual(Object.keys(await world.entries()), [orphanKeyOf('uid', foreign)])
})

test('an orphan of unknown id is deleted by the marker of its object', async (t) => {
  const world = await aWorldWith(t, [{}])
  const mine = aRemote(world, `${marker} Batch events`)
  const others = [aRemote(world, markerOf('prod-eu-1', { ...object, name: 'other' })), aRemote(world, 'by hand')]
  const { out, code } = await world.gwh('delete', 'uid-0', secretFlag, '-o', 'json')
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(out), { cleaned: [{ id: 'uid-0', result: 'deleted', webhooks: [mine] }], problems: [] })
  assert.deepEqual(
    world
      .remotes()
      .map(({ id }) => id)
      .toSorted(),
    others.toSorted(),
  )
  assert.deepEqual(await world.entries(), {})
})

test('a 404 ends an orphan only for the key that it was noted with, or by word of a person', async (t) => {
  const world = await aWorldWith(t, [{ id: 'wh_1' }])
  world.admin.createProject('project-b')
  await world.putApiKey(world.admin.createApiKey('project-b'))
  const refused = await world.gwh('delete', 'wh_1', secretFlag)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /wh_1: .*may be in another project.*--accept-missing/)
  assert.equal(Object.keys(await world.entries()).length, 1)
  const { code, out } = await world.gwh('delete', 'wh_1', secretFlag, '--accept-missing')
  assert.deepEqual([code, out], [0, 'wh_1: was gone at Google already; taken off the list.\n'])
  assert.deepEqual(await world.entries(), {})
})

test('one webhook that two objects noted is deleted once, and both entries go', async (t) => {
  const world = await aWorldWith(t, [])
  const id = aRemote(world, marker)
  const line = JSON.stringify({ ...object, id, keyFingerprint: 'of another key' })
  const data = { [orphanKeyOf('uid-1', id)]: line, [orphanKeyOf('uid-2', id)]: line }
  await world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  const { code, err } = await world.gwh('delete', id, secretFlag)
  assert.deepEqual([code, err], [0, ''])
  assert.equal(world.calls().counts.delete.received, 1)
  assert.deepEqual(await world.entries(), {})
})

test('a webhook that an object uses again is not deleted', async (t) => {
  const world = await aWorldWith(t, [])
  const id = aRemote(world, marker)
  const data = { [orphanKeyOf('uid-1', id)]: JSON.stringify({ ...object, id, keyFingerprint: world.keyFingerprint }) }
  await world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  await world.apply('other', { externalID: id })
  const { code, err } = await world.gwh('delete', id, secretFlag)
  assert.equal(code, 1)
  assert.match(err, /GeminiWebhook ml\/other uses it, so it is no orphan any more/)
  assert.equal(world.remotes().length, 1)
  assert.deepEqual(await world.entries(), data)
})

test('in a cluster that was cloned, what carries a marker may be the original’s and stays', async (t) => {
  const world = await aWorldWith(t, [], false)
  const id = aRemote(world, marker)
  const data = { [orphanKeyOf('uid-1', id)]: JSON.stringify({ ...object, id, keyFingerprint: world.keyFingerprint }) }
  await world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  const { code, err } = await world.gwh('delete', id, secretFlag)
  assert.equal(code, 1)
  assert.match(err, /ConfigMap gwh-installation is missing, or was made in another cluster/)
  assert.equal(world.remotes().length, 1)
})

test('errors of Google keep the entry; a refused API key ends the run, and its Secret is named', async (t) => {
  const world = await aWorldWith(t, [])
  const ids = [aRemote(world, marker), aRemote(world, marker)]
  const data = Object.fromEntries(
    ids.map((id) => [orphanKeyOf('uid', id), JSON.stringify({ ...object, id, keyFingerprint: world.keyFingerprint })]),
  )
  await world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  world.admin.addFault({ verb: 'delete', times: 2, effect: { type: 'status', status: 503 } })
  const away = await world.gwh('delete', ...ids, secretFlag)
  assert.equal(away.code, 1)
  assert.equal(
    away.err.match(/webhooks\.delete answered 503.*its entry stays, so that this can be run again\n/g)?.length,
    2,
  )
  assert.deepEqual(await world.entries(), data)

  world.admin.revokeApiKey(world.apiKey)
  world.admin.resetCalls()
  const refused = await world.gwh('delete', ...ids, secretFlag)
  assert.equal(refused.code, 1)
  assert.match(
    refused.err,
    /^gwh orphans: \S+: webhook of GeminiWebhook ml\/batch-events: Secret ml\/gemini-api-key: webhooks\.get/,
  )
  assert.equal(refused.err.split('\n').length, 2, 'the second one is not tried')
  assert.equal(world.calls().counts.get.received, 1)
  assert.deepEqual(await world.entries(), data)
})

test('what the controller notes while an entry is removed is not lost, and an entry that it writes anew stays', async (t) => {
  const world = await aWorldWith(t, [])
  const [raced, renewed] = [aRemote(world, marker), aRemote(world, marker)]
  const line = (id: string, time: string) =>
    JSON.stringify({ ...object, id, keyFingerprint: world.keyFingerprint, time })
  const write = (data: Record<string, string>) =>
    world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  const [racedKey, renewedKey] = [orphanKeyOf('uid', raced), orphanKeyOf('uid', renewed)]
  await write({ [racedKey]: line(raced, '1'), [renewedKey]: line(renewed, '1') })

  const fresh = { 'uid-new': line('wh-new', '2') }
  world.race.beforePatch = once(() => write(fresh))
  assert.equal((await world.gwh('delete', raced, secretFlag)).code, 0)
  assert.deepEqual(await world.entries(), { ...fresh, [renewedKey]: line(renewed, '1') })

  world.race.beforePatch = once(() => write({ [renewedKey]: line(renewed, '2') }))
  const { code, err } = await world.gwh('delete', renewed, secretFlag)
  assert.equal(code, 1)
  assert.match(err, /it is deleted at Google; its entry was written anew meanwhile and stays: run this again\n$/)
  assert.deepEqual(await world.entries(), { ...fresh, [renewedKey]: line(renewed, '2') })
})

test('an entry that cannot be removed after its webhook was deleted is told so, and goes when the command is run again', async (t) => {
  const world = await aWorldWith(t, [])
  const id = aRemote(world, marker)
  const data = { [orphanKeyOf('uid', id)]: JSON.stringify({ ...object, id, keyFingerprint: world.keyFingerprint }) }
  await world.client.patch(configMapKind, orphansKey, { data }, { type: 'merge' })
  world.race.beforePatch = async () => {
    throw new KubernetesApiError({
      status: 403,
      reason: 'Forbidden',
      message: 'patch configmap gwh-orphans: forbidden',
    })
  }
  const { code, err } = await world.gwh('delete', id, secretFlag)
  assert.equal(code, 1)
  assert.match(
    err,
    /it is deleted at Google, but its entry could not be removed \(patch configmap gwh-orphans: forbidden\)/,
  )
  assert.deepEqual(world.remotes(), [])
  assert.deepEqual(await world.entries(), data)
  world.race.beforePatch = async () => {}
  const again = await world.gwh('delete', id, secretFlag)
  assert.deepEqual([again.code, again.out], [0, `${id}: was gone at Google already; taken off the list.\n`])
  assert.deepEqual(await world.entries(), {})
})

test('a command line that says half of it is refused before anybody is asked', async (t) => {
  const world = await aWorld(t)
  for (const [args, said] of [
    [['wh_1'], /"wh_1": write nothing to list, or delete ID/],
    [['delete', secretFlag], /delete: name what to delete by its ID/],
    [['delete', 'wh_1'], /--api-key-secret: is missing; name a Secret/],
    [['delete', 'wh_1', '--api-key-secret=ml/gemini/key'], /--api-key-secret: .*is not the name of a Secret/],
  ] as const) {
    const { code, out, err } = await world.gwh(...args)
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.match(err, said)
  }
})

test('a Secret without the API key is named with the key that it lacks', async (t) => {
  const world = await aWorldWith(t, [{ id: 'wh_1' }])
  const { code, err } = await world.gwh('delete', 'wh_1', secretFlag, '--api-key-field=token')
  assert.equal(code, 1)
  assert.match(err, /Secret ml\/gemini-api-key has no key token, or it is empty: .*--api-key-field/)
})
