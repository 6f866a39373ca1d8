import assert from 'node:assert/strict'
import dns from 'node:dns'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createLookup } from '../../../src/names/lookup-function.ts'
import { NameResolver } from '../../../src/names/name-resolver.ts'
import { useOwnResolver } from '../../../src/names/use-for-process.ts'
import { DnsServer, type Zone } from '../../support/doubles/dns-server.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

interface Around {
  zone: Zone
  hosts?: string
  resolvConf?: string
  /** Servers besides that of the zone, before it. */
  before?: readonly string[]
  maxUnderWay?: number
}

/** A resolver with files and a server of its own, on a clock that stands still. */
async function aResolver(t: TestContext, { zone, hosts = '', resolvConf = '', before = [], ...bounds }: Around) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-names-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const hostsPath = join(folder, 'hosts')
  const resolvConfPath = join(folder, 'resolv.conf')
  await writeFile(hostsPath, hosts)
  await writeFile(resolvConfPath, resolvConf)
  const server = await DnsServer.start(zone)
  t.after(() => server.close())
  const clock = new FakeClock()
  const servers = [...before, server.address]
  const resolver = new NameResolver({ clock, servers, hostsPath, resolvConfPath, ...bounds })
  t.after(() => resolver.close())
  return { resolver, server, clock, hostsPath }
}

const inAPod = 'search ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n'
const noSuchName = { name: 'NameNotResolvedError', code: 'ENOTFOUND' }
const nobodyCanSay = { name: 'NameNotResolvedError', code: 'EAI_AGAIN' }

test('both families of a name, by the search domains of the pod', async (t) => {
  const zone = { 'worker.ml.svc.cluster.local': () => ['10.0.0.1', 'fd00::1'] }
  const { resolver, server } = await aResolver(t, { zone, resolvConf: inAPod })
  assert.deepEqual(await resolver.resolve('Worker.ml.svc'), [
    { address: '10.0.0.1', family: 4 },
    { address: 'fd00::1', family: 6 },
  ])
  assert.equal(server.lookupsOf('worker.ml.svc'), 0, 'the name itself would come last')
})

test('a trailing dot: no search domain', async (t) => {
  const zone = { 'worker.ml.svc.cluster.local': () => ['10.0.0.1'] }
  const { resolver, server } = await aResolver(t, { zone, resolvConf: inAPod })
  await assert.rejects(resolver.resolve('worker.ml.svc.'), noSuchName)
  assert.equal(server.lookupsOf('worker.ml.svc.cluster.local'), 0)
})

test('the hosts file wins over the servers, and is read again after it changed', async (t) => {
  const { resolver, server, clock, hostsPath } = await aResolver(t, { zone: {}, hosts: '10.9.9.9 worker\n' })
  assert.deepEqual(await resolver.resolve('worker'), [{ address: '10.9.9.9', family: 4 }])
  await writeFile(hostsPath, '10.9.9.9 worker\n10.9.9.10 other # added\n')
  await clock.advance({ seconds: 1 })
  assert.deepEqual(await resolver.resolve('OTHER.'), [{ address: '10.9.9.10', family: 4 }])
  assert.equal(server.lookupsOf('worker'), 0)
})

test('localhost is this machine, whatever a server says', async (t) => {
  const zone = { localhost: () => ['10.6.6.6'], 'a.localhost': () => ['10.6.6.6'] }
  const { resolver } = await aResolver(t, { zone })
  for (const name of ['localhost', 'a.localhost', 'localhost.']) {
    assert.deepEqual((await resolver.resolve(name))[0], { address: '127.0.0.1', family: 4 }, name)
  }
})

test('a name without addresses is no such name; a failing server is not', async (t) => {
  const zone: Zone = { 'empty.example': () => [], 'broken.example': () => 'failure' }
  const { resolver } = await aResolver(t, { zone })
  await assert.rejects(resolver.resolve('empty.example'), noSuchName)
  await assert.rejects(resolver.resolve('missing.example'), noSuchName)
  await assert.rejects(resolver.resolve('broken.example'), nobodyCanSay)
  await assert.rejects(resolver.resolve('a..b'), noSuchName)
})

test('a search domain that its server refuses does not hide the name itself, nor makes its absence certain', async (t) => {
  const zone: Zone = {
    'hooks.example.corp.example': () => 'failure',
    'hooks.example': () => ['192.0.2.1'],
    'gone.example.corp.example': () => 'failure',
  }
  const { resolver } = await aResolver(t, { zone, resolvConf: 'search corp.example\noptions ndots:2\n' })
  assert.deepEqual(await resolver.resolve('hooks.example'), [{ address: '192.0.2.1', family: 4 }])
  await assert.rejects(resolver.resolve('gone.example'), nobodyCanSay)
})

test('the next server is asked when the first refuses', async (t) => {
  const first = await DnsServer.start({ 'hooks.example': () => 'failure' })
  t.after(() => first.close())
  const zone = { 'hooks.example': () => ['192.0.2.1'] }
  const { resolver } = await aResolver(t, { zone, before: [first.address] })
  assert.deepEqual(await resolver.resolve('hooks.example'), [{ address: '192.0.2.1', family: 4 }])
})

test('an answer that does not fit into a datagram comes over TCP', async (t) => {
  const many = Array.from({ length: 60 }, (_, at) => `10.0.1.${at + 1}`)
  const { resolver } = await aResolver(t, { zone: { 'many.example': () => many } })
  assert.equal((await resolver.resolve('many.example')).length, 60)
})

test('a server that never answers for one family does not keep the other from being used', async (t) => {
  const zone: Zone = { 'half.example': (_nth, kind) => (kind === 'AAAA' ? 'silence' : ['192.0.2.1']) }
  const { resolver, clock } = await aResolver(t, { zone })
  const resolving = resolver.resolve('half.example')
  await eventually('the addresses of one family', () => clock.pending === 2, { intervalMs: 5 })
  await clock.advance({ ms: 250 })
  assert.deepEqual(await resolving, [{ address: '192.0.2.1', family: 4 }])
})

test('a server that never answers for one family does not hide what is behind the search domains', async (t) => {
  const zone = { 'half.example': () => ['192.0.2.1'] }
  const { resolver, server, clock } = await aResolver(t, { zone, resolvConf: inAPod })
  server.isSilentAboutIPv6 = true
  const resolving = resolver.resolve('half.example')
  for (const domain of ['.ns.svc.cluster.local', '.svc.cluster.local', '.cluster.local', '']) {
    const isAnswered = () => server.lookupsOf(`half.example${domain}`) === 1 && clock.pending === 2
    await eventually(`an answer for half.example${domain}`, isAnswered, { intervalMs: 5 })
    await clock.advance({ ms: 250 })
  }
  assert.deepEqual(await resolving, [{ address: '192.0.2.1', family: 4 }])
})

test('a name nobody answers for: one lookup however many ask, ended after five seconds and remembered for one', async (t) => {
  const zone: Zone = { 'dead.example': () => 'silence' }
  const { resolver, server, clock } = await aResolver(t, { zone })
  const outcomes = Promise.allSettled(Array.from({ length: 100 }, () => resolver.resolve('dead.example')))
  await eventually('the question', () => server.lookupsOf('dead.example') === 1, { intervalMs: 5 })
  await clock.advance({ seconds: 5 })
  assert.ok((await outcomes).every(({ status }) => status === 'rejected'))
  const askedBefore = server.lookupsOf('dead.example')
  await assert.rejects(resolver.resolve('dead.example'), nobodyCanSay)
  assert.equal(server.lookupsOf('dead.example'), askedBefore)
  await clock.advance({ seconds: 1 })
  const again = resolver.resolve('dead.example')
  await eventually('it to be asked for again', () => server.lookupsOf('dead.example') > askedBefore, { intervalMs: 5 })
  resolver.close()
  await assert.rejects(again, nobodyCanSay)
})

test('names nobody answers for hold up no other name, nor the threads that others need', async (t) => {
  const zone: Zone = {
    ...Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`dead${at}.example`, () => 'silence' as const])),
    'alive.example': () => ['192.0.2.1'],
  }
  const { resolver, server } = await aResolver(t, { zone })
  let ended = 0
  const dead = Array.from({ length: 100 }, (_, at) => resolver.resolve(`dead${at}.example`).finally(() => (ended += 1)))
  const allEnded = Promise.allSettled(dead)
  await eventually('all to be asked for', () => server.lookupsOf('dead99.example') > 0, { intervalMs: 5 })
  assert.deepEqual(await resolver.resolve('alive.example'), [{ address: '192.0.2.1', family: 4 }])
  await rm(join(tmpdir(), 'nothing-here'), { force: true }) // takes a thread
  assert.equal(ended, 0, 'all of the dead are still waited for')
  resolver.close()
  await allEnded
})

const silent = () => 'silence' as const

test('more names nobody answers for than may be under way push out their like, and no name that exists', async (t) => {
  const names = Array.from({ length: 20 }, (_, at) => `dead${at}.example`)
  const zone: Zone = {
    ...Object.fromEntries(names.map((name) => [name, silent])),
    'alive.example': () => ['192.0.2.1'],
  }
  const { resolver } = await aResolver(t, { zone, maxUnderWay: 8 })
  const ended: string[] = []
  const dead = names.map((name) => resolver.resolve(name).finally(() => ended.push(name)))
  const allEnded = Promise.allSettled(dead)
  assert.deepEqual(await resolver.resolve('alive.example'), [{ address: '192.0.2.1', family: 4 }])
  await eventually('the longest under way to be given up', () => ended.length >= 13, { intervalMs: 5 })
  assert.deepEqual(ended.toSorted(), names.slice(0, 13).toSorted())
  resolver.close()
  await allEnded
})

test('an answer is kept for its time to live, five seconds at most, and one without is not kept', async (t) => {
  const zone: Zone = { 'moving.example': (nth) => [`10.0.0.${nth}`] }
  const { resolver, server } = await aResolver(t, { zone })
  assert.deepEqual(await resolver.resolve('moving.example'), [{ address: '10.0.0.1', family: 4 }])
  assert.deepEqual(await resolver.resolve('moving.example'), [{ address: '10.0.0.2', family: 4 }])
  server.ttlSeconds = 3_600
  const kept = await resolver.resolve('moving.example')
  assert.equal(await resolver.resolve('moving.example'), kept)
})

test('kept answers are asked for again after five seconds', async (t) => {
  const { resolver, server, clock } = await aResolver(t, { zone: { 'moving.example': (nth) => [`10.0.0.${nth}`] } })
  server.ttlSeconds = 3_600
  assert.deepEqual(await resolver.resolve('moving.example'), [{ address: '10.0.0.1', family: 4 }])
  await clock.advance({ ms: 4_999 })
  assert.deepEqual(await resolver.resolve('moving.example'), [{ address: '10.0.0.1', family: 4 }])
  await clock.advance({ ms: 1 })
  assert.deepEqual(await resolver.resolve('moving.example'), [{ address: '10.0.0.2', family: 4 }])
})

test('of several addresses the next is tried when one cannot be connected to', async (t) => {
  const listener = createServer((socket) => socket.end())
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  t.after(() => listener.close())
  const { resolver } = await aResolver(t, { zone: { 'two.example': () => ['::1', '127.0.0.1'] } })
  const { port } = listener.address() as AddressInfo
  const socket = connect({ host: 'two.example', port, lookup: createLookup(resolver) as typeof dns.lookup })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  assert.equal(socket.remoteAddress, '127.0.0.1')
  socket.destroy()
})

test('as the lookup of the process it serves whoever connects by name, until it is undone', async (t) => {
  const before = dns.lookup
  const undo = useOwnResolver(systemClock)
  t.after(undo)
  assert.notEqual(dns.lookup, before)
  const address = await new Promise((resolve) => dns.lookup('localhost', (_error, found) => resolve(found)))
  assert.match(String(address), /^(127\.0\.0\.1|::1)$/)
  undo()
  assert.equal(dns.lookup, before)
})
