import assert from 'node:assert/strict'
import { test } from 'node:test'

import { installationChain, type InstallationFacts } from '../../../../src/cli/installation/chain.ts'
import { brokenLink } from '../../../../src/cli/link.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const image = 'example.com/gwh:1.0.0'
const read = <T>(value: T) => ({ value })
const well: InstallationFacts = {
  webhooks: read([
    { object: 'ml/a', ready: true, suspended: false },
    { object: 'ml/paused', ready: false, suspended: true },
  ]),
  installation: read({ id: 'prod-eu-1', namespaceUid: 'uid' }),
  namespaceUid: read('uid'),
  lease: read({ holder: 'gwh-controller-abc', renewedMs: nowMs - 10_000, durationMs: 30_000 }),
  receivers: read([{ pod: 'gwh-receiver-0', ready: true, image }]),
  controllers: read([
    { pod: 'gwh-controller-abc', ready: true, image },
    { pod: 'gwh-controller-def', ready: false, image },
  ]),
  stranded: read([]),
  orphans: read(0),
}
const chainOf = (changes: Partial<InstallationFacts>) => installationChain({ ...well, ...changes }, 'gwh', nowMs)

test('an installation in which all is well has no broken link and nothing open', () => {
  assert.deepEqual(
    chainOf({}).filter(({ state }) => state !== 'Good'),
    [],
  )
})

const broken: [string, Partial<InstallationFacts>, RegExp][] = [
  ['CRD', { webhooks: read(undefined) }, /install the CRD/],
  ['installation', { namespaceUid: read(undefined) }, /--namespace/],
  ['installation', { installation: read(undefined) }, /no controller has led/],
  ['installation', { installation: read({ id: 'prod-eu-1', namespaceUid: 'other' }) }, /another cluster/],
  ['controllers', { controllers: read([]) }, /there are no pods/],
  ['controllers', { controllers: read([{ pod: 'p', ready: false, image }]) }, /none of 1 pods is ready/],
  ['leader', { lease: read(undefined) }, /no controller leads/],
  ['leader', { lease: read({ holder: '', renewedMs: nowMs, durationMs: 30_000 }) }, /no controller leads/],
  [
    'leader',
    { lease: read({ holder: 'p', renewedMs: nowMs - 61_000, durationMs: 30_000 }) },
    /p has not renewed its Lease for 61 s/,
  ],
  ['receivers', { receivers: read([]) }, /there are no pods/],
  ['inboxes', { stranded: read([{ pod: 'gwh-receiver-1', pending: 3 }]) }, /gwh-receiver-1 \(3\)/],
  ['orphans', { orphans: read(2) }, /"gwh orphans" lists/],
  [
    'objects',
    { webhooks: read([{ object: 'ml/x', ready: false, suspended: false }]) },
    /1 of 1 .*: ml\/x: "gwh status"/,
  ],
]
for (const [name, changes, says] of broken) {
  test(`broken at ${name}: ${says.source}`, () => {
    const link = brokenLink(chainOf(changes))
    assert.equal(link?.name, name)
    assert.match(link?.says ?? '', says)
  })
}

test('what may not be read is open and says why, and breaks nothing', () => {
  const why = 'get leases: the API server answered 403 Forbidden'
  const nothing = Object.fromEntries(Object.keys(well).map((fact) => [fact, { unread: why }]))
  const chain = chainOf(nothing)
  assert.equal(brokenLink(chain), undefined)
  assert.ok(chain.every(({ state }) => state === 'Open'))
  assert.ok(chain.every(({ says }) => says.includes(why)))
})

test('two images are an upgrade that has not ended', () => {
  const chain = chainOf({ receivers: read([{ pod: 'gwh-receiver-0', ready: true, image: 'example.com/gwh:0.9.0' }]) })
  const link = chain.find(({ name }) => name === 'versions')
  assert.deepEqual([link?.state, link?.says.includes('finish the upgrade')], ['Open', true])
})
