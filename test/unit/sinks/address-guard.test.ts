import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import {
  createAddressRules,
  isForbiddenAddress,
  isForbiddenName,
  normalizeHost,
} from '../../../src/sinks/address-guard.ts'

const rules = createAddressRules()

const never = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::7f00:1', '::127.0.0.1'],
  'link-local': ['169.254.169.254', '169.254.170.2', 'fe80::1', 'fe80::1%eth0', '::ffff:a9fe:a9fe'],
  'cloud metadata': [
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:168.63.129.16',
  ],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  'multicast or broadcast': ['224.0.0.1', '239.1.2.3', '255.255.255.255', 'ff02::1'],
  'inside IPv6': [
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a00:1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '2001:0:4136:e378:8000:63bf:80ff:fffe', // Teredo, client 127.0.0.1
    '::ffff:0:169.254.169.254',
    '::a9fe:a9fe',
    '2606:4700::5efe:7f00:1', // ISATAP
    '2606:4700::200:5efe:a9fe:a9fe',
  ],
  reserved: ['240.0.0.1', '198.18.0.1', '192.0.2.1', '203.0.113.9', '2001:db8::1', 'fec0::1', '100::1', '5f00::1'],
  unreadable: ['', 'localhost', '1.2.3.4.5', '::g', '999.1.1.1', '10.0.0.1/8'],
}

for (const [kind, addresses] of Object.entries(never)) {
  for (const address of addresses) {
    test(`${kind}: ${address || '(empty)'} is forbidden for every sink`, () => {
      assert.equal(isForbiddenAddress(address, 'cluster', rules), true)
      assert.equal(isForbiddenAddress(address, 'public', rules), true)
    })
  }
}

for (const address of ['10.0.0.1', '172.16.5.4', '192.168.1.1', '100.64.0.1', 'fd12:3456::1', '::ffff:10.0.0.1']) {
  test(`private: ${address} is for Services only`, () => {
    assert.equal(isForbiddenAddress(address, 'cluster', rules), false)
    assert.equal(isForbiddenAddress(address, 'public', rules), true)
  })
}

test('an address that carries another is for no sink, even if both could be reached', () => {
  for (const address of ['2606:4700::5efe:808:808', '64:ff9b::808:808', '2002:808:808::1']) {
    assert.equal(isForbiddenAddress(address, 'cluster', rules), true, address)
    assert.equal(isForbiddenAddress(address, 'public', rules), true, address)
  }
})

// The last has the digits of ISATAP in their place, and not its zeros before them.
for (const address of ['8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8', '2606:4700::1000:5efe:7f00:1']) {
  test(`public: ${address} is fine for every sink`, () => {
    assert.equal(isForbiddenAddress(address, 'cluster', rules), false)
    assert.equal(isForbiddenAddress(address, 'public', rules), false)
  })
}

test('an allowed range opens private addresses to sinks with a URI, but nothing that is never allowed', () => {
  const wide = createAddressRules({ allowedCidrs: ['0.0.0.0/0', '::/0'] })
  assert.equal(isForbiddenAddress('10.0.0.1', 'public', wide), false)
  assert.equal(isForbiddenAddress('240.0.0.1', 'public', wide), false)
  assert.equal(isForbiddenAddress('64:ff9b::808:808', 'public', wide), false)
  for (const address of [
    '127.0.0.1',
    '169.254.169.254',
    '100.100.100.200',
    'fd00:ec2::254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2001:0:4136:e378:8000:63bf:5601:5601', // Teredo, client 169.254.169.254
    '::7f00:1',
  ]) {
    assert.equal(isForbiddenAddress(address, 'public', wide), true, address)
  }
  for (const address of ['2002:808:808::a9fe:a9fe', '2001:0:4136:e378:8000:63bf:a9fe:a9fe']) {
    assert.equal(isForbiddenAddress(address, 'public', wide), false, `${address} carries a public one`)
  }
})

test('a denied range wins over an allowed one, and is found inside IPv6 too', () => {
  const both = createAddressRules({ allowedCidrs: ['10.0.0.0/8'], deniedCidrs: ['10.1.0.0/16', '34.0.0.0/8'] })
  assert.equal(isForbiddenAddress('10.2.0.1', 'public', both), false)
  for (const address of ['10.1.2.3', '34.1.2.3', '::ffff:34.1.2.3', '64:ff9b::2201:203']) {
    assert.equal(isForbiddenAddress(address, 'cluster', both), true, address)
  }
})

test('allowLoopback opens loopback and nothing else', () => {
  const sandbox = createAddressRules({ allowLoopback: true, apiServerHosts: ['127.0.0.1'] })
  for (const address of ['127.0.0.1', '::1', '::ffff:7f00:1']) {
    assert.equal(isForbiddenAddress(address, 'public', sandbox), false, address)
  }
  for (const address of ['169.254.169.254', '0.0.0.0', '::', '64:ff9b::7f00:1', '::7f00:1']) {
    assert.equal(isForbiddenAddress(address, 'public', sandbox), true, address)
  }
})

test('the API server is refused by each of its addresses and names', () => {
  const given = createAddressRules({ apiServerHosts: ['10.96.0.1', '[fd00::1]', 'API.Example.com.'] })
  for (const address of ['10.96.0.1', '::ffff:10.96.0.1', 'fd00::1', 'fd00:0:0::1']) {
    assert.equal(isForbiddenAddress(address, 'cluster', given), true, address)
  }
  for (const address of ['10.96.0.2', 'fd00::2']) {
    assert.equal(isForbiddenAddress(address, 'cluster', given), false, `${address} is its neighbour`)
  }
  for (const name of [
    'api.example.com',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    '',
  ]) {
    assert.equal(isForbiddenName(name, given), true, name)
  }
  for (const name of ['worker.ml.svc', 'kubernetes.ml.svc', 'my-kubernetes.default.svc']) {
    assert.equal(isForbiddenName(name, given), false, name)
  }
})

test('hosts are compared in one form', () => {
  assert.equal(normalizeHost('[::1]'), '::1')
  assert.equal(normalizeHost('Worker.ML.svc..'), 'worker.ml.svc')
  assert.equal(normalizeHost('[::1'), '[::1')
  assert.equal(normalizeHost('::1]'), '::1]')
})

test('without settings no name is denied but those of every API server', () => {
  assert.deepEqual(rules.deniedNames, new Set())
})

test('a range that is none is refused at the start, by name', () => {
  assert.throws(
    () => createAddressRules({ allowedCidrs: ['10.0.0.0'] }),
    /allowedCidrs: "10\.0\.0\.0" is not an address range/,
  )
  assert.throws(() => createAddressRules({ deniedCidrs: ['300.0.0.0/8'] }), /deniedCidrs/)
})

test('no text makes the guard throw, and every mapped form is judged as the address inside', () => {
  fc.assert(fc.property(fc.string(), (text) => typeof isForbiddenAddress(text, 'public', rules) === 'boolean'))
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const mapped = isForbiddenAddress(`::ffff:${address}`, 'cluster', rules)
      assert.equal(mapped, isForbiddenAddress(address, 'cluster', rules))
    }),
  )
})
