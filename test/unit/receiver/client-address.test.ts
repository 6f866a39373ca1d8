import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { createClientAddressOf, TrustedProxies } from '../../../src/receiver/client-address.ts'

function addressOf(given: { trusted?: string[]; from: string | undefined; forwarded?: string }) {
  const { trusted = ['10.0.0.0/8', 'fd00::/8'], from, forwarded } = given
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return createClientAddressOf(new TrustedProxies(trusted))({
    socket: { remoteAddress: from } as IncomingMessage['socket'],
    headers,
  })
}

const cases: { name: string; given: Parameters<typeof addressOf>[0]; want: string | undefined }[] = [
  {
    name: 'nobody is trusted by default',
    given: { trusted: [], from: '10.0.0.1', forwarded: '1.1.1.1' },
    want: '10.0.0.1',
  },
  { name: 'a stranger says nothing', given: { from: '8.8.8.8', forwarded: '1.1.1.1' }, want: '8.8.8.8' },
  { name: 'a trusted proxy is believed', given: { from: '10.0.0.1', forwarded: '1.1.1.1' }, want: '1.1.1.1' },
  { name: 'a trusted proxy without the header is the client', given: { from: '10.0.0.1' }, want: '10.0.0.1' },
  {
    name: 'what the client put in front is never reached',
    given: { from: '10.0.0.1', forwarded: '127.0.0.1, 9.9.9.9, 1.1.1.1' },
    want: '1.1.1.1',
  },
  {
    name: 'a chain of trusted proxies is followed to the first that is not',
    given: { from: '10.0.0.1', forwarded: '6.6.6.6, 1.1.1.1, 10.2.2.2,10.3.3.3' },
    want: '1.1.1.1',
  },
  {
    name: 'proxies alone: the furthest',
    given: { from: '10.0.0.1', forwarded: '10.9.9.9, 10.2.2.2' },
    want: '10.9.9.9',
  },
  { name: 'IPv4 inside IPv6', given: { from: '::ffff:10.0.0.1', forwarded: '1.1.1.1' }, want: '1.1.1.1' },
  {
    name: 'IPv4 inside IPv6 that nobody trusts is told as IPv4',
    given: { from: '::ffff:8.8.8.8', forwarded: '1.1.1.1' },
    want: '8.8.8.8',
  },
  { name: 'IPv6 proxies and clients', given: { from: 'fd00::1', forwarded: '2001:db8::7' }, want: '2001:db8::7' },
  { name: 'an entry with a port', given: { from: '10.0.0.1', forwarded: '1.1.1.1:4711' }, want: '1.1.1.1' },
  { name: 'a bracketed entry', given: { from: '10.0.0.1', forwarded: '[2001:db8::7]:443' }, want: '2001:db8::7' },
  {
    name: 'an entry that is no address ends it',
    given: { from: '10.0.0.1', forwarded: '1.1.1.1, unknown' },
    want: '10.0.0.1',
  },
  { name: 'an empty header', given: { from: '10.0.0.1', forwarded: '' }, want: '10.0.0.1' },
  { name: 'a connection that is gone', given: { from: undefined, forwarded: '1.1.1.1' }, want: undefined },
]
for (const { name, given, want } of cases) {
  test(`the address of the client: ${name}`, () => assert.equal(addressOf(given), want))
}

test('a header of thousands of hops is read from its end, and no further than sixteen', () => {
  const hops = Array.from({ length: 5_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`)
  assert.equal(addressOf({ from: '10.0.0.1', forwarded: `1.1.1.1, ${hops.join(', ')}` }), hops.at(-16))
})

test('whatever the header holds, the answer is an address that stands in it, or that of the connection', () => {
  fc.assert(
    fc.property(fc.string(), (forwarded) => {
      const address = addressOf({ from: '10.0.0.1', forwarded })
      assert.ok(address === '10.0.0.1' || forwarded.includes(String(address)))
    }),
  )
})

test('a range that is none is refused by name', () => {
  assert.throws(() => new TrustedProxies(['proxy.example']), /trustedProxies: "proxy.example" is not an address range/)
})
