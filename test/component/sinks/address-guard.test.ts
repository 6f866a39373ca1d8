import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import {
  createAddressRules,
  endpointKey,
  kubeletPorts,
  type AddressRuleOptions,
  type Reach,
} from '../../../src/sinks/address-guard.ts'
import type { LookupAll } from '../../../src/sinks/guarded-lookup.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'

const forbidden: SendOutcome = { type: 'retryable', cause: 'forbiddenAddress' }

/** A server on loopback, which stands for everything inside that must not be reached. */
async function anInnerServer(t: TestContext) {
  let connections = 0
  const server = createServer((_request, response) => response.writeHead(204).end())
  server.on('connection', () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

interface SendTo {
  url: string
  reach?: Reach
  rules?: AddressRuleOptions
  lookup?: LookupAll
  address?: string
}

async function sendTo(
  t: TestContext,
  { url, reach = 'cluster', rules = {}, lookup, address }: SendTo,
): Promise<SendOutcome> {
  const sink = createHttpSink({
    parseEnvelope,
    clock: systemClock,
    addressRules: createAddressRules(rules),
    ...(lookup && { lookup }),
  })
  t.after(() => sink.close())
  const destination = { type: 'http', url, reach, ...(address !== undefined && { address }) } as const
  return sink.send(anOutgoing({ sink: aSink({ destination }) }), AbortSignal.timeout(5_000))
}

function alwaysAt(address: string): LookupAll {
  return (_host, callback) => callback(null, [{ address, family: 4 }])
}

const noLookup: LookupAll = () => assert.fail('the name was looked up')
const failingLookup: LookupAll = (_host, callback) => callback(new Error('looked up'), [])

/** By the system's own resolver; every other notation stands in the table of addresses. */
const hostsOfLoopback = ['127.0.0.1', 'localhost', 'LOCALHOST.', 'localhost..']

for (const reach of ['cluster', 'public'] as const) {
  for (const host of hostsOfLoopback) {
    test(`no connection to http://${host} for a ${reach} sink`, async (t) => {
      const inner = await anInnerServer(t)
      assert.deepEqual(await sendTo(t, { url: `http://${host}:${inner.port}/`, reach }), forbidden)
      assert.equal(inner.connections(), 0)
    })
  }
}

test('the same server is reached once loopback is allowed: the cases above do not pass for want of a server', async (t) => {
  const inner = await anInnerServer(t)
  for (const host of ['127.0.0.1', '2130706433', '[::ffff:7f00:1]', 'localhost']) {
    const url = `http://${host}:${inner.port}/`
    assert.deepEqual(await sendTo(t, { url, rules: { allowLoopback: true } }), { type: 'delivered', status: 204 })
  }
})

test('a name that resolves to a forbidden address is not connected to, whichever of its addresses that is', async (t) => {
  const inner = await anInnerServer(t)
  for (const address of ['127.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', '100.100.100.200']) {
    const family = address.includes(':') ? 6 : 4
    const lookup: LookupAll = (_host, callback) =>
      callback(null, [
        { address: '10.1.2.3', family: 4 },
        { address, family },
      ])
    assert.deepEqual(await sendTo(t, { url: `http://worker.ml.svc:${inner.port}/`, lookup }), forbidden)
  }
  assert.equal(inner.connections(), 0)
})

test('a name is resolved once, and the connection goes to what was checked: a second answer never comes into play', async (t) => {
  const inner = await anInnerServer(t)
  let lookups = 0
  const lookup: LookupAll = (_host, callback) => {
    lookups += 1
    callback(null, [{ address: lookups === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }])
  }
  const outcome = await sendTo(t, {
    url: `http://worker.does-not-exist.invalid.:${inner.port}/`,
    rules: { allowLoopback: true },
    lookup,
  })
  assert.deepEqual(outcome, { type: 'delivered', status: 204 })
  assert.equal(lookups, 1)
})

test('the API server is not a sink, by name or by address', async (t) => {
  const rules = { allowLoopback: false, apiServerHosts: ['10.96.0.1', 'api.cluster.example.'] }
  for (const host of [
    'kubernetes.default.svc',
    'kubernetes.default',
    'kubernetes.default.svc.cluster.local.',
    'API.cluster.example',
    '10.96.0.1',
    '0x0a600001',
    '[::ffff:10.96.0.1]',
  ]) {
    assert.deepEqual(await sendTo(t, { url: `https://${host}/api`, rules }), forbidden, host)
  }
  const lookup = alwaysAt('10.96.0.1')
  assert.deepEqual(await sendTo(t, { url: 'https://innocent.ml.svc/', rules, lookup }), forbidden)
})

test('a URL with a user name, or of another scheme, is not sent to', async (t) => {
  for (const url of ['http://user:secret@10.0.0.1/', 'ftp://10.0.0.1/', 'file:///etc/passwd', 'http://', 'nonsense']) {
    assert.deepEqual(await sendTo(t, { url }), { type: 'retryable', cause: 'badUrl' }, url)
  }
})

test('one lookup at a time for a name, however many connections wait for it', async (t) => {
  const inner = await anInnerServer(t)
  const pending: (() => void)[] = []
  const lookup: LookupAll = (_host, callback) =>
    pending.push(() => callback(null, [{ address: '127.0.0.1', family: 4 }]))
  const rules = createAddressRules({ allowLoopback: true })
  const sink = createHttpSink({ parseEnvelope, clock: systemClock, addressRules: rules, lookup })
  t.after(() => sink.close())
  const destination = { type: 'http', url: `http://w.ml.svc:${inner.port}/`, reach: 'cluster' } as const
  const sends = Array.from({ length: 10 }, () =>
    sink.send(anOutgoing({ sink: aSink({ destination }) }), AbortSignal.timeout(5_000)),
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(pending.length, 1)
  for (const answer of pending.splice(0)) answer()
  assert.ok((await Promise.all(sends)).every(({ type }) => type === 'delivered'))
})

test('a destination with an address is connected to there and nowhere else: its name is only asked for', async (t) => {
  const asked: unknown[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers.host)
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const rules = { allowLoopback: true }
  const url = `http://worker.ml.svc:${port}/`
  assert.deepEqual(await sendTo(t, { url, rules, lookup: noLookup, address: '127.0.0.1' }), {
    type: 'delivered',
    status: 204,
  })
  assert.deepEqual(asked, [`worker.ml.svc:${port}`])
  assert.deepEqual(
    await sendTo(t, { url, lookup: noLookup, address: '127.0.0.1' }),
    forbidden,
    'and it is judged as any other',
  )
  for (const address of ['10.96.0.1', '::ffff:10.96.0.1', '169.254.169.254', 'worker.ml.svc']) {
    const apiServerHosts = ['10.96.0.1']
    assert.deepEqual(await sendTo(t, { url, rules: { apiServerHosts }, lookup: noLookup, address }), forbidden, address)
  }
  assert.equal(asked.length, 1)
})

test('kubelet and kube-proxy are reached at no address, by no kind of sink, unless the installation allows their port', async (t) => {
  const allowedCidrs = ['10.0.0.0/8']
  for (const port of kubeletPorts) {
    for (const reach of ['cluster', 'public'] as const) {
      for (const host of ['10.1.2.3', 'node.example.com', '[2001:db8::1]', '203.0.113.7']) {
        const url = `https://${host}:${port}/run`
        assert.deepEqual(await sendTo(t, { url, reach, rules: { allowedCidrs }, lookup: noLookup }), forbidden, url)
      }
    }
  }
  const rules = { allowedPorts: [10250] }
  const outcome = await sendTo(t, { url: 'https://node.example.com:10250/', rules, lookup: failingLookup })
  assert.notDeepEqual(outcome, forbidden)
  assert.deepEqual(await sendTo(t, { url: 'https://node.example.com:10255/', rules, lookup: failingLookup }), forbidden)
})

test('the API servers are not reached behind their Service either, by any name or notation; the same machines at other ports are', async (t) => {
  const inner = await anInnerServer(t)
  const apiServerEndpoints = new Set([endpointKey('192.168.1.10', 6443), endpointKey('127.0.0.1', inner.port)])
  const rules = { apiServerEndpoints, allowLoopback: true, allowedCidrs: ['192.168.0.0/16'] }
  for (const reach of ['cluster', 'public'] as const) {
    for (const host of ['192.168.1.10', '0xc0a8010a', '[::ffff:192.168.1.10]', '[64:ff9b::192.168.1.10]']) {
      assert.deepEqual(await sendTo(t, { url: `https://${host}:6443/`, reach, rules }), forbidden, host)
    }
    const lookup = alwaysAt('192.168.1.10')
    assert.deepEqual(await sendTo(t, { url: 'https://innocent.example:6443/', reach, rules, lookup }), forbidden)
    const url = `http://innocent.example:${inner.port}/`
    assert.deepEqual(await sendTo(t, { url, reach, rules, lookup: alwaysAt('127.0.0.1') }), forbidden)
    assert.deepEqual(
      await sendTo(t, { url: 'http://a.ml.svc:6443/', reach, rules, address: '192.168.1.10' }),
      forbidden,
    )
  }
  assert.equal(inner.connections(), 0)
  const other = await anInnerServer(t)
  const url = `http://innocent.example:${other.port}/`
  assert.deepEqual(await sendTo(t, { url, rules, lookup: alwaysAt('127.0.0.1') }), { type: 'delivered', status: 204 })
})
