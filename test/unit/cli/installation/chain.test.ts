import assert from 'node:assert/strict'
import { test } from 'node:test'

import { installationChain, type InstallationFacts } from '../../../../src/cli/installation/chain.ts'
import { brokenLink, printChain, unjudgedLinks } from '../../../../src/cli/link.ts'

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
  ['installation', { namespaceUid: read(undefined) }, /--operator-namespace/],
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
  [
    'objects',
    { webhooks: read([{ object: 'ml/x', ready: true, suspended: false, sinkFails: true }]) },
    /a sink that takes nothing: 1 of 1 .*: ml\/x: "gwh status"/,
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

test('what may not be read is not said to be well: exit code 3, with the names of what was not judged', () => {
  const nothing = Object.fromEntries(Object.keys(well).map((fact) => [fact, { unread: 'forbidden' }]))
  const told: string[] = []
  const out = (text: string) => void told.push(text)
  const chain = chainOf(nothing)
  assert.equal(printChain(chain, { output: 'text' }, { out }), 3)
  assert.match(
    told.join(''),
    /\nNot judged: 9 of 9 links: CRD, installation, .*, objects\. No other link is broken; whether/,
  )
  assert.equal(printChain(chain, { output: 'json' }, { out }), 3)
  assert.deepEqual(
    (JSON.parse(told[1] ?? '') as { unjudged: string[] }).unjudged,
    chain.map(({ name }) => name),
  )
})

for (const fact of [
  'webhooks',
  'installation',
  'namespaceUid',
  'lease',
  'receivers',
  'controllers',
  'stranded',
  'orphans',
]) {
  test(`${fact} alone that cannot be read is enough not to be well, and what is broken beside it is told first`, () => {
    const unread = { [fact]: { unread: 'forbidden' } }
    const silent = { out: () => {} }
    assert.equal(printChain(chainOf(unread), { output: 'text' }, silent), 3)
    const alsoBroken = fact === 'orphans' ? { receivers: read([]) } : { orphans: read(2) }
    assert.equal(printChain(chainOf({ ...unread, ...alsoBroken }), { output: 'text' }, silent), 1)
  })
}

test('objects of one namespace alone say nothing about the others, unless one is not Ready', () => {
  const narrow = chainOf({ onlyIn: 'team' })
  assert.deepEqual(unjudgedLinks(narrow), ['objects'])
  assert.match(narrow.at(-1)?.says ?? '', /only those of namespace team could be listed/)
  const unwell = chainOf({ onlyIn: 'team', webhooks: read([{ object: 'team/x', ready: false, suspended: false }]) })
  assert.equal(brokenLink(unwell)?.name, 'objects')
})

test('without a CRD nothing is said about objects', () => {
  assert.deepEqual(unjudgedLinks(chainOf({ webhooks: read(undefined) })), ['objects'])
})

test('two images are an upgrade that has not ended', () => {
  const chain = chainOf({ receivers: read([{ pod: 'gwh-receiver-0', ready: true, image: 'example.com/gwh:0.9.0' }]) })
  const link = chain.find(({ name }) => name === 'versions')
  assert.deepEqual([link?.state, link?.says.includes('finish the upgrade')], ['Open', true])
})
