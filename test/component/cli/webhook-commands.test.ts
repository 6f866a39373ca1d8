import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { parse, parseAllDocuments } from 'yaml'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import { clusterIn, operatorIn } from '../../../src/cli/operator-access.ts'
import type { AdminClient } from '../../../src/cli/deliveries/admin-client.ts'
import type { Receivers } from '../../../src/cli/deliveries/receivers.ts'
import { systemClock } from '../../../src/clock.ts'
import { leaderLeaseName } from '../../../src/api/names.ts'
import { configMapKind } from '../../../src/kubernetes/core-kinds.ts'
import { leaseKind, type Lease } from '../../../src/kubernetes/lease-record.ts'
import { markerOf } from '../../../src/controller/facts/ownership.ts'
import {
  apiKeySecretName,
  decode,
  home,
  startControllerFixture,
  tenant,
  verifies,
} from '../../support/worlds/controller-fixture.ts'
import { putLeader } from '../../support/worlds/put-leader.ts'
import { slotName } from '../../../src/contract/receiver-report/slots.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'
import { kubeconfigFor } from '../../support/builders/kubeconfig.ts'

const name = 'batch-events'
const object = `${tenant}/${name}`

/**
 * A controller that works, and the program's commands against the same API server and the same Google. No API key and
 * no signing secret is ever told.
 */
async function aWorld(t: TestContext, options: Parameters<typeof startControllerFixture>[1] = {}) {
  const fixture = await startControllerFixture(t, options)
  await fixture.startController()
  await putLeader(fixture.client, home, Date.now())
  await fixture.putApiKey()
  const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
  const env = { GWH_KUBECONFIG: fixture.kubeconfigPath, GWH_GOOGLE_BASE_URL: fixture.url }
  const receivers = async () => theReceiver(fixture)
  const command = gwhCommand({ cluster: clusterIn(deps), operator: operatorIn(deps), receivers }, env)
  const gwh = async (...args: string[]) => {
    const answer = await command(...args)
    const told = `${answer.out}${answer.err}`
    assert.ok(!told.includes(fixture.apiKey), 'an API key was told')
    for (const remote of fixture.remotes())
      for (const { secret } of fixture.admin.secrets(remote.id)) assert.ok(!told.includes(secret), 'a secret was told')
    return answer
  }
  const ready = async (spec = {}) => {
    await fixture.apply(name, spec)
    return fixture.untilCondition(name, 'Ready', { status: 'True' })
  }
  /** From then on the controller repairs nothing at Google. */
  const suspend = async () => {
    const key = { namespace: tenant, name }
    await fixture.client.patch<GeminiWebhook>(geminiWebhookKind, key, { spec: { suspend: true } }, { type: 'merge' })
    return fixture.untilCondition(name, 'Ready', { reason: 'Suspended' })
  }
  return { ...fixture, gwh, ready, suspend }
}

/** One receiver, whose admin port remembers what came to the fixture's endpoint. */
function theReceiver({ endpoint }: Awaited<ReturnType<typeof startControllerFixture>>): Receivers {
  const ask = async (_route: unknown, { name }: { name: string }) => {
    const own = endpoint.received.filter(({ path }) => path.endsWith(`/${name}`))
    const ids = own.map(({ headers }) => headers['webhook-id'])
    return { deliveries: ids.map((eventId) => ({ kind: 'request', eventId, outcome: 'Stored', status: 204 })) }
  }
  const pods = [{ name: 'gwh-receiver-0', admin: { ask } as unknown as AdminClient }]
  return { pods, onlyNamespace: async () => undefined, close: async () => {} }
}

test('gwh status follows a healthy object to its sinks, and names the link that breaks', async (t) => {
  const it = await aWorld(t)
  const { gwh, ready } = it
  await ready({ sinks: [{ name: 'cluster', kubernetesEvent: {} }] })
  const healthy = await gwh('status', object, '--no-probe')
  assert.deepEqual([healthy.code, healthy.err], [0, ''])
  assert.match(healthy.out, /^LINK +STATE +WHAT\ncontroller +Good .*\nAPI key +Good +Google accepts the API key\n/)
  assert.match(healthy.out, /\nsink cluster +Good .*\n\nNo link is broken\.\n$/)

  await it.apply('keyless', { apiKeySecretRef: { name: 'not-there' } })
  await it.untilCondition('keyless', 'CredentialsValid', { status: 'False' })
  const broken = await gwh('status', `${tenant}/keyless`, '--no-probe', '-o', 'json')
  assert.equal(broken.code, 1)
  const { broken: link, chain } = JSON.parse(broken.out) as { broken: string; chain: { name: string; says: string }[] }
  assert.equal(link, 'API key')
  assert.match(chain.find((each) => each.name === link)?.says ?? '', /^SecretNotFound: .*not-there/)

  const all = await gwh('status', '-A')
  assert.equal(all.code, 1)
  const [, first = '', second = ''] = all.out.split('\n')
  assert.match(first, /^ml\/batch-events +True$/)
  assert.match(second, /^ml\/keyless +False +API key +SecretNotFound: /)
})

test('gwh status says that no controller runs, whatever the status of before says', async (t) => {
  const it = await aWorld(t)
  await it.ready()
  const { spec, ...lease } = (await it.client.get<Lease>(leaseKind, { namespace: home, name: leaderLeaseName })) ?? {}
  const stale = { ...spec, renewTime: new Date(Date.now() - 7_200_000).toISOString().replace('Z', '000Z') }
  await it.client.replace<Lease>(leaseKind, { ...lease, spec: stale } as Lease)
  const { code, out } = await it.gwh('status', object, '--no-probe')
  assert.equal(code, 1)
  assert.match(out, /\ncontroller +Broken +no controller leads in namespace gemini-webhook-system since /)
  assert.match(out, /\nAPI key +Good /)
  const all = await it.gwh('status', '-A')
  assert.equal(all.code, 1)
  assert.match(all.out, /\nml\/batch-events +True +controller +no controller leads/)
})

test('gwh status prints YAML, names, and more columns for those who ask', async (t) => {
  const { gwh, ready } = await aWorld(t)
  const { status } = await ready()
  for (const flags of [['-A'], ['-n', tenant], [name, '-n', tenant, '--no-probe'], [object, '--no-probe']]) {
    const { out } = await gwh('status', '-o', 'name', ...flags)
    assert.equal(out, `geminiwebhook.webhooks.gemini-operator.io/${name}\n`)
  }
  const yaml = parse((await gwh('status', '-oyaml', '-A')).out) as { objects: { object: string }[] }
  assert.deepEqual(
    yaml.objects.map((each) => each.object),
    [object],
  )
  const [header = '', row = ''] = (await gwh('status', '-A', '-o=wide')).out.split('\n')
  assert.match(header, /^OBJECT +READY +WEBHOOK +URL +BROKEN +WHAT$/)
  assert.match(row, new RegExp(`^${object} +True +${status?.webhook?.id} +http`))
})

test('gwh status without flags is of the namespace of the context, and says so', async (t) => {
  const { gwh, ready } = await aWorld(t)
  await ready()
  const { code, out, err } = await gwh('status')
  assert.deepEqual([code, out], [0, 'No GeminiWebhooks and no GeminiRoutes.\n'])
  assert.match(err, /^gwh status: in namespace default only; -A is for all namespaces, as before\n$/)
})

test('gwh status asks the public address itself, unless it is told not to', async (t) => {
  // A name that no resolver knows (RFC 6761).
  const { gwh, ready } = await aWorld(t, { config: { allowedHostnames: ['hooks.invalid'] } })
  await ready({ endpoint: { hostname: 'hooks.invalid' } })
  const { code, out } = await gwh('status', object, '--probe-timeout=30s')
  assert.equal(code, 1)
  assert.match(out, /\nBroken: DNS: hooks\.invalid does not resolve from here\n$/)
})

test('commands about an object say so where there is none', async (t) => {
  const { gwh } = await aWorld(t)
  for (const command of ['status', 'rotate', 'send']) {
    const missing = await gwh(command, 'ml/not-there')
    assert.deepEqual([missing.code, missing.err], [1, `gwh ${command}: GeminiWebhook ml/not-there: does not exist\n`])
    const misspelt = await gwh(command, 'ml/not/there')
    assert.equal(misspelt.code, 1)
    assert.match(misspelt.err, /"ml\/not\/there" is neither NAME nor NAMESPACE\/NAME/)
  }
})

test('gwh rotate rotates once, waits until the Secret is written, and refuses an id that was answered', async (t) => {
  const it = await aWorld(t)
  const { gwh, ready, calls, targetSecret, get } = it
  await ready()
  const before = decode((await targetSecret(name))?.data?.['signing-secret'])
  const { code, out } = await gwh('rotate', object, '--request-id=leak-1')
  assert.equal(code, 0)
  const after = decode((await targetSecret(name))?.data?.['signing-secret'])
  assert.notEqual(after, before)
  assert.match(
    out,
    new RegExp(
      `^ml/batch-events: rotated; Secret .* holds whsec_\\.\\.\\.${after.slice(-4).replace(/[+/]/g, '\\$&')}, the one before is accepted until 20`,
    ),
  )
  assert.equal(calls().counts.rotateSigningSecret.received, 1)
  assert.equal(await it.secretVerifiesNextDelivery(name), true)

  const again = await gwh('rotate', object, '--request-id=leak-1')
  assert.equal(again.code, 1)
  assert.match(again.err, /leak-1 was answered before/)
  assert.equal(calls().counts.rotateSigningSecret.received, 1)

  const asked = await gwh('rotate', object, '--wait=0s', '-o', 'json')
  assert.equal(asked.code, 0)
  const { requestId } = JSON.parse(asked.out) as { requestId: string }
  assert.equal((await get(name))?.spec.rotation?.request?.id, requestId)
})

test('gwh rotate asks for the next window, and takes that back when it is asked to rotate now', async (t) => {
  const it = await aWorld(t)
  const { gwh, ready, calls, get } = it
  await ready()
  const windowless = await gwh('rotate', object, '--window=Next')
  assert.equal(windowless.code, 1)
  assert.match(windowless.err, /--window=Next needs windows in spec\.rotation\.windows/)
  await it.patch(name, {
    // As docs/rotation.md has it, without an interval: a leaked secret must not have to wait for the window.
    spec: {
      rotation: { windows: [{ cron: '0 2 29 2 *', duration: '1h' }], request: { id: 'committed', window: 'Next' } },
    },
  })
  const waiting = await gwh('rotate', object, '--window=Next', '--request-id=planned')
  assert.deepEqual([waiting.code, waiting.out], [0, 'ml/batch-events: rotation planned waits for the next window\n'])
  assert.equal((await get(name))?.spec.rotation?.request?.window, 'Next')
  assert.equal(calls().counts.rotateSigningSecret.received, 0)

  assert.equal((await gwh('rotate', object, '--request-id=planned')).code, 0)
  assert.deepEqual((await get(name))?.spec.rotation?.request, { id: 'planned', revokePrevious: 'AfterGracePeriod' })
  assert.equal(calls().counts.rotateSigningSecret.received, 1)
})

test('gwh rotate says why it is not done in time', async (t) => {
  const it = await aWorld(t)
  const { gwh, ready, admin } = it
  await ready()
  admin.addFault({ verb: 'rotateSigningSecret', times: 0, effect: { type: 'status', status: 503 } })
  const late = await gwh('rotate', object, '--wait=2s')
  assert.equal(late.code, 1)
  assert.match(late.err, /^gwh rotate: ml\/batch-events: not done in 2 s: (RotationInProgress|ProgressingWithRetry): /)
  await it.patch(name, { spec: { suspend: true } })
  const suspended = await gwh('rotate', object)
  assert.match(suspended.err, /spec\.suspend is true/)
})

/** Answers as it is told, and keeps what came. */
async function anEndpoint(t: TestContext, status: number) {
  const received: { headers: Record<string, string>; body: Buffer }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks) })
      response.writeHead(status).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/s/ml/batch-events` }
}

test('gwh send signs as Google does, with what the Secret holds now', async (t) => {
  const { gwh, ready, targetSecret } = await aWorld(t)
  await ready()
  const folder = await mkdtemp(join(tmpdir(), 'gwh-send-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'data.json'), '{"id":"batches/7"}')
  const { received, url } = await anEndpoint(t, 204)
  const flags = ['--type=batch.failed', `--data-file=${join(folder, 'data.json')}`, '--event-id=msg_mine']
  const { code, out } = await gwh('send', object, `--url=${url}`, ...flags)
  assert.equal(code, 0)
  assert.match(out, /^msg_mine to http:\/\/127\.0\.0\.1:\d+\/v1\/s\/ml\/batch-events: 204, stored/)
  const [request] = received
  assert.ok(request)
  assert.equal(request.headers['webhook-id'], 'msg_mine')
  const event = JSON.parse(request.body.toString()) as Record<string, unknown>
  assert.deepEqual([event['type'], event['data']], ['batch.failed', { id: 'batches/7' }])
  const secret = decode((await targetSecret(name))?.data?.['signing-secret'])
  assert.equal(verifies(secret, request.headers, request.body), true)
})

test('each event of gwh send is of a job of its own, so that none is taken for another', async (t) => {
  const { gwh, ready } = await aWorld(t)
  await ready()
  const { received, url } = await anEndpoint(t, 204)
  assert.equal((await gwh('send', object, `--url=${url}`)).code, 0)
  assert.equal((await gwh('send', object, `--url=${url}`, '--event-id=mine')).code, 0)
  const jobs = received.map(({ body }) => (JSON.parse(body.toString()) as { data: { id: string } }).data.id)
  assert.deepEqual(
    jobs,
    received.map(({ headers }) => `batches/${headers['webhook-id']}`),
  )
  assert.equal(new Set(jobs).size, 2)
})

test('gwh send tells what a refusal means, and what is wrong before anything is sent', async (t) => {
  const { gwh, ready } = await aWorld(t)
  await ready()
  const refusing = await anEndpoint(t, 401)
  const refused = await gwh('send', object, `--url=${refusing.url}`)
  assert.equal(refused.code, 1)
  assert.match(refused.out, /: 401, the signature or the time is refused/)
  const stranger = await anEndpoint(t, 200)
  const welcomed = await gwh('send', object, `--url=${stranger.url}`)
  assert.deepEqual([welcomed.code, welcomed.out.includes('this is no answer of a receiver')], [3, true])
  const nobody = await gwh('send', object, '--url=http://127.0.0.1:9/')
  assert.deepEqual([nobody.code, nobody.err.includes('connectionRefused')], [1, true])
  const noFile = await gwh('send', object, `--url=${refusing.url}`, '--data-file=/dev/null')
  assert.match(noFile.err, /--data-file: \/dev\/null is no JSON object/)
  assert.equal(refusing.received.length, 1)
})

test('gwh import prints what adopts each webhook that nobody has, and applying it adopts it', async (t) => {
  const it = await aWorld(t)
  const { gwh, ready, admin, client, remotes } = it
  await ready()
  const loose = admin.createWebhook('project-a', {
    name: 'by hand',
    uri: 'https://mine.example.com/hook',
    subscribedEvents: ['video.generated'],
  })
  const foreign = admin.createWebhook('project-a', {
    name: `${markerOf('elsewhere', { namespace: 'a', name: 'b' })} theirs`,
    uri: 'https://theirs.example.com/hook',
    subscribedEvents: ['batch.failed'],
  })
  const { code, out, err } = await gwh('import', `${tenant}/${apiKeySecretName}`)
  assert.equal(code, 0)
  assert.match(err, /^gwh import: webhooks at Google: 3; with a GeminiWebhook already: 1\n/)
  assert.match(err, /theirs: webhook .* carries the marker of another object/)
  const manifests = parseAllDocuments(out).map((document) => document.toJS() as GeminiWebhook)
  assert.deepEqual(new Set(manifests.map(({ spec }) => spec.externalID)), new Set([loose.id, foreign.id]))

  const mine = manifests.find(({ spec }) => spec.externalID === loose.id)
  assert.ok(mine)
  await client.create<GeminiWebhook>(geminiWebhookKind, mine)
  const adopted = await it.untilCondition('by-hand', 'Ready', { status: 'True' })
  assert.equal(adopted.status?.webhook?.id, loose.id)
  const remote = remotes().find(({ id }) => id === loose.id)
  assert.equal(remote?.uri, 'https://mine.example.com/hook')
  assert.match(
    (await gwh('import', `${tenant}/${apiKeySecretName}`)).err,
    /webhooks at Google: 3; with a GeminiWebhook already: 2/,
  )
})

test('gwh ping has Google send a delivery and tells that it arrived, or that nothing did', async (t) => {
  const it = await aWorld(t)
  await it.ready()
  const pings = it.calls().counts.ping.received
  const arrived = await it.gwh('ping', object)
  assert.deepEqual([arrived.code, arrived.err], [0, ''])
  assert.match(
    arrived.out,
    /^ml\/batch-events: msg_\S+ came to gwh-receiver-0, was verified and answered 204 \(Stored\)\n$/,
  )
  assert.equal(it.calls().counts.ping.received, pings + 1)

  await it.suspend()
  const [remote] = it.remotes()
  it.admin.editWebhook(remote?.id ?? '', { uri: 'https://elsewhere.example.com/v1/s/ml/other' })
  const lost = await it.gwh('ping', object, '--wait=500ms', '-o', 'json')
  assert.deepEqual([lost.code, JSON.parse(lost.out)], [1, { arrived: false }])
  assert.match(lost.err, /nothing that is verified came in 0\.5 s; "gwh status ml\/batch-events"/)
})

test('gwh ping cannot see a server of somebody else, and says what is missing', async (t) => {
  const it = await aWorld(t)
  await it.ready({ endpoint: { url: 'https://mine.example.com/x' } })
  const asked = await it.gwh('ping', object)
  assert.deepEqual([asked.code, asked.out.includes('cannot be seen from here')], [0, true])
  await it.apply('keyless', { apiKeySecretRef: { name: 'not-there' } })
  await it.untilCondition('keyless', 'CredentialsValid', { status: 'False' })
  const unregistered = await it.gwh('ping', `${tenant}/keyless`)
  assert.deepEqual([unregistered.code, unregistered.err.includes('no webhook is registered')], [1, true])
})

test('gwh doctor names what is missing first', async (t) => {
  const it = await aWorld(t)
  await it.ready()
  const { code, out } = await it.gwh('doctor', '-o', 'json')
  assert.equal(code, 1)
  const { broken, chain } = JSON.parse(out) as {
    broken: string
    chain: { name: string; state: string; says: string }[]
  }
  const stateOf = (link: string) => chain.find((each) => each.name === link)?.state
  // The controller and the receiver of this world run without pods.
  assert.equal(broken, 'controllers')
  assert.deepEqual(['CRD', 'installation', 'controllers', 'receivers', 'inboxes', 'orphans', 'objects'].map(stateOf), [
    'Good',
    'Good',
    'Broken',
    'Broken',
    'Good',
    'Good',
    'Good',
  ])
  assert.equal((await it.gwh('doctor', '--operator-namespace=nowhere', '-o', 'json')).code, 1)
})

test('gwh doctor judges whether a controller leads by the clock of the cluster', async (t) => {
  const it = await aWorld(t)
  const clock = { ...systemClock, now: () => Date.now() + 7_200_000 }
  const cluster = clusterIn({ clock, random: () => 0.5, version: '1.2.3' })
  const { out } = await gwhCommand({ cluster, clock }, { GWH_KUBECONFIG: it.kubeconfigPath })('doctor', '-o', 'json')
  const { chain } = JSON.parse(out) as { chain: { name: string; state: string }[] }
  const stateOf = (link: string) => chain.find((each) => each.name === link)?.state
  assert.deepEqual([stateOf('leader'), stateOf('clock')], ['Good', 'Broken'])
})

test('gwh doctor NAME follows that object too, and has Google send a test delivery', async (t) => {
  const it = await aWorld(t)
  await it.ready()
  type Links = { chain: { name: string; state: string; says: string }[] }
  const linksOf = async (...flags: string[]) => {
    const { out } = await it.gwh('doctor', name, '-n', tenant, '--no-probe', '-o', 'json', ...flags)
    const { chain } = JSON.parse(out) as Links
    return new Map(chain.map((link) => [link.name, link]))
  }
  const links = await linksOf()
  assert.deepEqual(
    ['clock', 'controller', 'API key', 'signing secret', 'ping'].map((link) => links.get(link)?.state),
    ['Good', 'Good', 'Good', 'Good', 'Good'],
  )
  assert.match(links.get('ping')?.says ?? '', /came to gwh-receiver-0 and was verified/)
  assert.ok(!(await linksOf('--ping=0s')).has('ping'))
  await it.suspend()
  const [remote] = it.remotes()
  it.admin.editWebhook(remote?.id ?? '', { uri: 'https://elsewhere.example.com/v1/s/ml/other' })
  assert.equal((await linksOf('--ping=500ms')).get('ping')?.state, 'Broken')
})

test('gwh doctor does not take reports that are missing or that it cannot read for nothing left behind', async (t) => {
  const it = await aWorld(t)
  await it.ready()
  const inboxes = async () => {
    const { out } = await it.gwh('doctor', '-o', 'json')
    const { chain, unjudged } = JSON.parse(out) as { chain: { name: string; says: string }[]; unjudged: string[] }
    return { isJudged: !unjudged.includes('inboxes'), says: chain.find(({ name: link }) => link === 'inboxes')?.says }
  }
  assert.equal((await inboxes()).isJudged, true)
  const reports = { namespace: 'gemini-webhook-system', name: slotName(7) }
  await it.client.patch(configMapKind, reports, { data: { 'gwh-receiver-7': '{"v":2}' } }, { type: 'merge' })
  const unread = await inboxes()
  assert.equal(unread.isJudged, false)
  assert.match(unread.says ?? '', /the reports of gwh-receiver-7 in gwh-receiver-reports-7 are not in a form/)
})

test('an answer that is no list of an API server is not "no GeminiWebhooks"', async (t) => {
  for (const body of ['{}', '{"items":[]}', '{"kind":"List","metadata":{}}']) {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const folder = await mkdtemp(join(tmpdir(), 'gwh-proxy-'))
    t.after(async () => {
      server.close()
      server.closeAllConnections()
      await rm(folder, { recursive: true })
    })
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, kubeconfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
    const gwh = gwhCommand({ cluster: clusterIn(deps) }, { GWH_KUBECONFIG: kubeconfig })
    for (const args of [
      ['status', '-A'],
      ['status', '-n', 'ml'],
    ]) {
      const { code, out, err } = await gwh(...args)
      assert.deepEqual([code, out], [3, ''], body)
      assert.match(err, /is no list of an API server/)
    }
  }
})

test('gwh pause holds the installation until gwh resume, and both may be typed twice', async (t) => {
  const it = await aWorld(t)
  const { gwh, ready } = it
  await ready()
  const paused = await gwh('pause', '--reason=the project is moved')
  assert.equal(paused.code, 0)
  assert.match(paused.out, /^the whole installation is paused since \S+ \(the project is moved\): no calls to Google/)
  await it.untilCondition(name, 'Ready', { reason: 'Suspended' })
  const { code, out } = await gwh('status', object, '--no-probe')
  assert.equal(code, 0, out)
  assert.match(out, /^controller +Open +the whole installation is paused since /m)
  const doctor = await gwh('doctor', '--no-probe')
  assert.match(doctor.out, /^pause +Open +the whole installation is paused .*; 1 of 1 GeminiWebhooks show it$/m)
  assert.match((await gwh('rotate', object)).err, /nothing is rotated: the whole installation is paused/)

  const again = await gwh('pause', '-o', 'json')
  const told = JSON.parse(again.out) as Record<string, unknown>
  assert.deepEqual([told.paused, told.isNew, told.reason], [true, false, 'the project is moved'])
  const because = await gwh('pause', '--reason=and tested')
  assert.match(because.out, /^It was paused before: the whole installation is paused since \S+ \(and tested\)/)
  const refused = await gwh('pause', '--reason=two\nlines')
  assert.equal(refused.code, 2)

  assert.match(
    (await gwh('resume')).out,
    /^The installation in namespace gemini-webhook-system is not paused any more\.\n$/,
  )
  await it.untilCondition(name, 'Ready', { status: 'True' })
  const twice = await gwh('resume')
  assert.deepEqual([twice.code, /was not paused: it has no ConfigMap gwh-pause/.test(twice.out)], [0, true])
  assert.match((await gwh('doctor', '--no-probe')).out, /^pause +Good +the installation is not paused$/m)
})
