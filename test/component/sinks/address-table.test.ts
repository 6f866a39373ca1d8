import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createAddressRules, type AddressRuleOptions, type Reach } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'
import { DnsServer, type Zone } from '../../support/doubles/dns-server.ts'

/**
 * Every TCP connection that this process begins, counted where it is handed to the system: also one that nobody
 * answers.
 */
let connects = 0
const connectHook = createHook({
  init: (_id, type) => {
    if (type === 'TCPCONNECTWRAP') connects += 1
  },
})

/** Stand on loopback for everything that must not be reached. */
const servers: { server: ReturnType<typeof createServer>; port: number; connections: number }[] = []
let dns: DnsServer

const zone: Zone = {
  'loopback.example': () => ['127.0.0.1'],
  'loopback6.example': () => ['::1'],
  'mapped.example': () => ['::ffff:127.0.0.1'],
  'metadata.example': () => ['169.254.169.254'],
  'metadata6.example': () => ['fd00:ec2::254'],
  'nat64.example': () => ['64:ff9b::7f00:1'],
  'half.example': () => ['198.51.100.7', '127.0.0.1'],
  'half6.example': () => ['10.1.2.3', '::1'],
  'private.example': () => ['10.20.30.40'],
  'unspecified.example': () => ['0.0.0.0'],
  'node.example': () => ['34.118.7.9'],
  'api.example': () => ['10.96.0.1'],
  'worker.ml.svc': () => ['10.96.44.5'],
  'worker.ml.svc.cluster.local': () => ['10.96.44.5'],
  'headless.ml.svc.cluster.local': () => ['127.0.0.1'],
  '10-244-0-7.ml.pod.cluster.local': () => ['10.244.0.7'],
  // Allowed at first, forbidden from the second lookup on.
  'rebinding.example': (nth) => [nth === 1 ? '127.0.0.1' : '169.254.169.254'],
  'front.example': () => ['127.0.0.1'],
}

before(async () => {
  dns = await DnsServer.start(zone)
  await listen('127.0.0.1')
  await listen('::1')
  connectHook.enable()
})

beforeEach(() => {
  connects = 0
  for (const server of servers) server.connections = 0
})

after(() => {
  connectHook.disable()
  dns.close()
  for (const { server } of servers) server.close().closeAllConnections()
})

async function listen(host: string, answer: RequestListener = (_request, response) => response.writeHead(204).end()) {
  const server = createServer(answer)
  server.listen({ host, port: servers[0]?.port ?? 0, exclusive: true })
  await once(server, 'listening')
  const known = { server, port: (server.address() as AddressInfo).port, connections: 0 }
  server.on('connection', () => (known.connections += 1))
  servers.push(known)
  return known
}

const rules: AddressRuleOptions = {
  deniedCidrs: ['34.118.0.0/16'],
  apiServerHosts: ['10.96.0.1', 'api.public.example'],
}

async function sendTo(url: string, reach: Reach, options: AddressRuleOptions = rules): Promise<SendOutcome> {
  const addressRules = createAddressRules(options)
  const sink = createHttpSink({ parseEnvelope, clock: systemClock, addressRules, lookup: dns.lookup })
  try {
    const destination = { type: 'http', url, reach } as const
    return await sink.send(anOutgoing({ sink: aSink({ destination }) }), AbortSignal.timeout(5_000))
  } finally {
    await sink.close()
  }
}

type Refusal = 'forbiddenAddress' | 'badUrl'
/** URL (`PORT` is the one on which loopback listens), for whom it is refused, why that is right. */
type Row = readonly [url: string, reaches: 'both' | 'public', because: string, cause?: Refusal]

const table: Row[] = [
  // IPv4 literals in every notation that URLs know.
  ['http://127.0.0.1:PORT/', 'both', 'loopback'],
  ['http://127.255.255.254:PORT/', 'both', 'all of 127.0.0.0/8 is loopback'],
  ['http://127.1:PORT/', 'both', 'two parts'],
  ['http://127.0.1:PORT/', 'both', 'three parts'],
  ['http://2130706433:PORT/', 'both', 'one decimal number'],
  ['http://0x7f000001:PORT/', 'both', 'one hexadecimal number'],
  ['http://0X7F.0x0.0x0.0x1:PORT/', 'both', 'hexadecimal parts'],
  ['http://0x7f.1:PORT/', 'both', 'hexadecimal and short'],
  ['http://017700000001:PORT/', 'both', 'one octal number'],
  ['http://0177.0.0.01:PORT/', 'both', 'octal parts'],
  ['http://0x7f.0.0.01:PORT/', 'both', 'mixed parts'],
  ['http://127.0.0.1.:PORT/', 'both', 'a trailing dot'],
  ['http://１２７.０.０.１:PORT/', 'both', 'full-width digits'],
  ['http://127。0。0。1:PORT/', 'both', 'ideographic full stops'],
  ['http://①②⑦.⓪.⓪.①:PORT/', 'both', 'circled digits'],
  ['http://%31%32%37.0.0.1:PORT/', 'both', 'percent-encoded digits'],
  ['http://127.0.0.1\u00ad:PORT/', 'both', 'a soft hyphen, which is ignored'],
  ['http:\\\\127.0.0.1:PORT\\', 'both', 'backslashes, which are slashes'],
  ['http:127.0.0.1:PORT', 'both', 'no slashes'],
  ['  http://127.0.0.1:PORT/  ', 'both', 'blanks around it'],
  ['ht\ntp://127.0.\n0.1:PORT/', 'both', 'line breaks within it'],
  ['http://0.0.0.0:PORT/', 'both', 'unspecified, which the system connects to itself'],
  ['http://0:PORT/', 'both', 'unspecified, short'],
  ['http://0.1.2.3:PORT/', 'both', 'this network'],
  ['http://4294967295:PORT/', 'both', 'broadcast, as a number'],
  ['http://224.0.0.1:PORT/', 'both', 'multicast'],
  ['http://240.0.0.1:PORT/', 'both', 'reserved'],
  ['http://256.0.0.1:PORT/', 'both', 'no address at all', 'badUrl'],
  // IPv6: itself, and what it carries.
  ['http://[::1]:PORT/', 'both', 'loopback'],
  ['http://[0:0:0:0:0:0:0:1]:PORT/', 'both', 'loopback, written out'],
  ['http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/', 'both', 'loopback, padded'],
  ['http://[::]:PORT/', 'both', 'unspecified'],
  ['http://[::ffff:127.0.0.1]:PORT/', 'both', 'IPv4-mapped'],
  ['http://[::ffff:7f00:1]:PORT/', 'both', 'IPv4-mapped, hexadecimal'],
  ['http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/', 'both', 'IPv4-mapped, written out'],
  ['http://[::127.0.0.1]:PORT/', 'both', 'IPv4-compatible'],
  ['http://[::ffff:0:127.0.0.1]:PORT/', 'both', 'IPv4-translated'],
  ['http://[64:ff9b::127.0.0.1]:PORT/', 'both', 'NAT64'],
  ['http://[64:ff9b:1::7f00:1]:PORT/', 'both', 'NAT64, local prefix'],
  ['http://[2002:7f00:1::]:PORT/', 'both', '6to4'],
  ['http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT/', 'both', 'Teredo'],
  ['http://[2606:4700::5efe:7f00:1]:PORT/', 'both', 'ISATAP'],
  ['http://[fe80::1]:PORT/', 'both', 'link-local'],
  ['http://[fe80::1%25lo]:PORT/', 'both', 'a zone has no place in a URL', 'badUrl'],
  ['http://[fec0::1]:PORT/', 'both', 'deprecated site-local'],
  ['http://[ff02::1]:PORT/', 'both', 'multicast'],
  // Metadata services.
  ['http://169.254.169.254/latest/meta-data/', 'both', 'most clouds'],
  ['http://2852039166/', 'both', 'the same as a number'],
  ['http://0xa9fea9fe/', 'both', 'the same in hexadecimal'],
  ['http://0251.0376.0251.0376/', 'both', 'the same in octal'],
  ['http://169.254.43518/', 'both', 'the same in three parts'],
  ['http://[::ffff:169.254.169.254]/', 'both', 'the same, mapped'],
  ['http://[::ffff:a9fe:a9fe]/', 'both', 'the same, mapped, hexadecimal'],
  ['http://169.254.170.2/v2/credentials', 'both', "a container's credentials"],
  ['http://169.254.170.23/v1/credentials', 'both', "a pod's credentials"],
  ['http://168.63.129.16/', 'both', 'looks public'],
  ['http://100.100.100.200/', 'both', 'looks like carrier-grade NAT'],
  ['http://192.0.0.192/', 'both', 'looks reserved'],
  ['http://[fd00:ec2::254]/', 'both', 'looks private'],
  ['http://[fd20:ce::254]/', 'both', 'looks private'],
  // The API server.
  ['https://10.96.0.1/api', 'both', 'its address'],
  ['https://[::ffff:10.96.0.1]/api', 'both', 'its address, mapped'],
  ['https://0x0a600001/api', 'both', 'its address in hexadecimal'],
  ['https://kubernetes/', 'both', 'its name'],
  ['https://kubernetes.default/', 'both', 'its name'],
  ['https://KUBERNETES.default.svc./', 'both', 'its name, upper case, trailing dot'],
  ['https://kubernetes.default.svc.cluster.local/', 'both', 'its name with the domain of the cluster'],
  ['https://api.public.example/', 'both', 'the name in the client configuration'],
  ['https://api.example/', 'both', 'a name that resolves to it'],
  // Names that resolve to what is forbidden.
  ['http://loopback.example:PORT/', 'both', 'A 127.0.0.1'],
  ['http://LOOPBACK.example.:PORT/', 'both', 'the same name, written otherwise'],
  ['http://loopback6.example:PORT/', 'both', 'AAAA ::1'],
  ['http://mapped.example:PORT/', 'both', 'AAAA ::ffff:127.0.0.1'],
  ['http://metadata.example/', 'both', 'A 169.254.169.254'],
  ['http://metadata6.example/', 'both', 'AAAA fd00:ec2::254'],
  ['http://nat64.example:PORT/', 'both', 'AAAA 64:ff9b::7f00:1'],
  ['http://half.example:PORT/', 'both', 'one of two addresses is forbidden'],
  ['http://half6.example:PORT/', 'both', 'one of two families is forbidden'],
  ['http://unspecified.example:PORT/', 'both', 'A 0.0.0.0'],
  ['http://node.example/', 'both', 'a range that the installation denies'],
  ['http://headless.ml.svc.cluster.local:PORT/', 'both', 'a Service whose address is loopback'],
  // The inside of the cluster is not for a uri.
  ['http://10.0.0.1:PORT/', 'public', 'private'],
  ['http://172.16.0.1:PORT/', 'public', 'private'],
  ['http://192.168.1.1:PORT/', 'public', 'private'],
  ['http://100.64.0.1:PORT/', 'public', 'carrier-grade NAT, which some clusters give to pods'],
  ['http://[fd12:3456::1]:PORT/', 'public', 'unique local'],
  ['http://private.example/', 'public', 'a name that resolves to a private address'],
  ['http://worker.ml.svc/', 'public', 'a Service'],
  ['http://worker.ml.svc.cluster.local./', 'public', 'a Service, fully qualified'],
  ['http://10-244-0-7.ml.pod.cluster.local/', 'public', 'a pod'],
  // Ports do not change what an address is.
  ['http://127.0.0.1:22/', 'both', 'SSH'],
  ['http://127.0.0.1:2379/', 'both', 'etcd'],
  ['http://127.0.0.1:10250/', 'both', 'the kubelet'],
  ['http://127.0.0.1:0/', 'both', 'no port'],
  ['http://127.0.0.1:65535/', 'both', 'the last port'],
  ['http://127.0.0.1:65536/', 'both', 'beyond the last port', 'badUrl'],
  ['http://10.0.0.1:6443/', 'public', 'an API server in a private network'],
  // What is no plain http or https URL.
  ['http://user@127.0.0.1:PORT/', 'both', 'userinfo', 'badUrl'],
  ['http://user:password@198.51.100.7/', 'both', 'userinfo', 'badUrl'],
  ['http://198.51.100.7@127.0.0.1:PORT/', 'both', 'userinfo that looks like the host', 'badUrl'],
  ['http://127.0.0.1:PORT\\@198.51.100.7/', 'both', 'a backslash ends the host'],
  ['http://198.51.100.7#@127.0.0.1:PORT/', 'public', 'a fragment is not the host: documentation range, reserved'],
  ['ftp://127.0.0.1:PORT/', 'both', 'another scheme', 'badUrl'],
  ['file:///etc/passwd', 'both', 'another scheme', 'badUrl'],
  ['gopher://127.0.0.1:PORT/_POST', 'both', 'another scheme', 'badUrl'],
  ['unix:///var/run/containerd.sock', 'both', 'another scheme', 'badUrl'],
  ['//127.0.0.1:PORT/', 'both', 'no scheme', 'badUrl'],
  ['http:///', 'both', 'no host', 'badUrl'],
]

test('the table has at least 60 different URLs', () => {
  assert.ok(new Set(table.map(([url]) => url)).size >= 60)
})

for (const [template, reaches, because, cause = 'forbiddenAddress'] of table) {
  for (const reach of reaches === 'both' ? (['cluster', 'public'] as const) : (['public'] as const)) {
    test(`no connection is begun for a ${reach} sink at ${JSON.stringify(template)} (${because})`, async () => {
      const url = template.replace('PORT', String(servers[0]?.port))
      assert.deepEqual(await sendTo(url, reach), { type: 'retryable', cause })
      assert.equal(connects, 0, 'a connection was handed to the system')
      assert.deepEqual(
        servers.map(({ connections }) => connections),
        [0, 0],
      )
    })
  }
}

test('the counters count: the same servers are reached and seen as soon as loopback is allowed', async () => {
  const port = servers[0]?.port
  for (const host of ['127.0.0.1', '0x7f000001', '[::1]', 'loopback.example', 'loopback6.example']) {
    const outcome = await sendTo(`http://${host}:${port}/`, 'cluster', { allowLoopback: true })
    assert.deepEqual(outcome, { type: 'delivered', status: 204 }, host)
  }
  assert.equal(connects, 5)
  assert.deepEqual(
    servers.map(({ connections }) => connections),
    [3, 2],
  )
})

test('a name that changes its address after the first look is looked up anew for a new connection, and refused', async () => {
  const url = `http://rebinding.example:${servers[0]?.port}/`
  const allowed = { allowLoopback: true }
  assert.deepEqual(await sendTo(url, 'public', allowed), { type: 'delivered', status: 204 })
  assert.equal(dns.lookupsOf('rebinding.example'), 1, 'checked and connected to by one lookup')
  assert.deepEqual(await sendTo(url, 'public', allowed), { type: 'retryable', cause: 'forbiddenAddress' })
  assert.equal(dns.lookupsOf('rebinding.example'), 2)
  assert.equal(connects, 1)
})

for (const location of [
  'http://169.254.169.254/latest/',
  'http://metadata.example/',
  '//127.0.0.1/',
  'file:///etc/passwd',
]) {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`a ${status} to ${location} leads nowhere`, async (t) => {
      const front = createServer((_request, response) => response.writeHead(status, { location }).end())
      front.listen(0, '127.0.0.1')
      await once(front, 'listening')
      t.after(() => front.close().closeAllConnections())
      const lookupsBefore = dns.lookupsOf('metadata.example')
      const url = `http://front.example:${(front.address() as AddressInfo).port}/`
      const outcome = await sendTo(url, 'public', { allowLoopback: true })
      assert.deepEqual(outcome, { type: 'retryable', cause: 'redirect', status })
      assert.equal(connects, 1, 'the front, and nothing behind it')
      assert.equal(dns.lookupsOf('metadata.example'), lookupsBefore)
    })
  }
}
