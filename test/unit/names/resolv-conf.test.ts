import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseResolvConf } from '../../../src/names/resolv-conf.ts'

const ofAPod = `search gemini-webhook-system.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
`

test('the file of a pod', () => {
  assert.deepEqual(parseResolvConf(ofAPod), {
    servers: ['10.96.0.10'],
    search: ['gemini-webhook-system.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    ndots: 5,
  })
})

const cases: [what: string, text: string, expected: Partial<ReturnType<typeof parseResolvConf>>][] = [
  ['no file: the server on this machine', '', { servers: ['127.0.0.1'], search: [], ndots: 1 }],
  [
    'IPv6, and three servers at most',
    'nameserver fd00::a\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3',
    { servers: ['fd00::a', '10.0.0.1', '10.0.0.2'] },
  ],
  ['a name is no server', 'nameserver dns.example\nnameserver 10.0.0.1', { servers: ['10.0.0.1'] }],
  ['the last search line counts', 'search a.example\nsearch b.example\n', { search: ['b.example'] }],
  ['domain is a search list of one', 'domain a.example b.example', { search: ['a.example'] }],
  ['a root domain adds nothing', 'search . A.Example.', { search: ['a.example'] }],
  [
    'tabs, comments and carriage returns',
    '# x\n; y\nnameserver\t10.0.0.9 # of the node\r\noptions timeout:1 ndots:2 edns0\r\n',
    { servers: ['10.0.0.9'], ndots: 2 },
  ],
  ['the last ndots counts, fifteen at most', 'options ndots:2 ndots:99\noptions rotate', { ndots: 15 }],
  ['an ndots that is no number is passed over', 'options ndots:2\noptions ndots:many', { ndots: 2 }],
]

for (const [what, text, expected] of cases) {
  test(what, () => {
    const parsed = parseResolvConf(text)
    assert.deepEqual({ ...parsed, ...expected }, parsed)
  })
}
