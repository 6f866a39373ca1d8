import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  addressesIn,
  addressLink,
  clockLink,
  pingLink,
  installationChain,
  type InstallationFacts,
} from '../../../../src/cli/installation/chain.ts'
import { brokenLink, printChain, unjudgedLinks } from '../../../../src/cli/link.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const image = 'example.com/gwh:1.0.0'
const read = <T>(value: T) => ({ value })
const well: InstallationFacts = {
  webhooks: read([
    { object: 'ml/a', ready: true, suspended: false },
    { object: 'ml/paused', ready: false, suspended: true },
  ]),
  routes: read({ objects: [{ object: 'search/groute/nightly', ready: true, suspended: false }] }),
  installation: read({ id: 'prod-eu-1', namespaceUid: 'uid' }),
  namespaceUid: read('uid'),
  lease: read({ holder: 'gwh-controller-abc', renewedMs: nowMs - 10_000, durationMs: 30_000 }),
  pause: read(undefined),
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
    /1 of 1 .*: ml\/x: "gwh status -A"/,
  ],
  [
    'objects',
    { webhooks: read([{ object: 'ml/x', ready: true, suspended: false, sinkFails: true }]) },
    /a sink that takes nothing: 1 of 1 .*: ml\/x: "gwh status -A"/,
  ],
  ['routes', { routes: read(undefined) }, /does not know GeminiRoutes: install the CRD/],
  [
    'routes',
    { routes: read({ objects: [{ object: 'search/groute/x', ready: false, suspended: false }] }) },
    /not Ready: 1 of 1 GeminiRoutes: search\/groute\/x: "gwh status -A"/,
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
    /\nNot judged: 11 of 11 links: CRD, installation, .*, objects, routes\. No other link is broken; whether/,
  )
  assert.equal(printChain(chain, { output: 'json' }, { out }), 3)
  assert.deepEqual(
    (JSON.parse(told[1] ?? '') as { unjudged: string[] }).unjudged,
    chain.map(({ name }) => name),
  )
})

for (const fact of [
  'webhooks',
  'routes',
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
  assert.match(
    narrow.find(({ name }) => name === 'objects')?.says ?? '',
    /only those of namespace team could be listed/,
  )
  const unwell = chainOf({ onlyIn: 'team', webhooks: read([{ object: 'team/x', ready: false, suspended: false }]) })
  assert.equal(brokenLink(unwell)?.name, 'objects')
})

test('routes of one namespace alone say nothing about the others either, unless one is not Ready', () => {
  const route = { object: 'team/groute/x', ready: true, suspended: false }
  assert.deepEqual(unjudgedLinks(chainOf({ routes: read({ objects: [route], onlyIn: 'team' }) })), ['routes'])
  const unwell = read({ objects: [{ ...route, ready: false }], onlyIn: 'team' })
  assert.equal(brokenLink(chainOf({ routes: unwell }))?.name, 'routes')
})

function routesLinkOf(routes: InstallationFacts['routes']) {
  return chainOf({ routes }).find(({ name }) => name === 'routes')
}

test('a route that the owner of its webhook does not allow is told and breaks nothing', () => {
  const refused = { object: 'ads/groute/x', ready: false, suspended: false, sinkFails: true, notAllowed: true }
  const ready = { object: 'search/groute/nightly', ready: true, suspended: false }
  const told = routesLinkOf(read({ objects: [ready, refused] }))
  assert.equal(told?.state, 'Good')
  const by = 'not allowed by the owner of their webhook: 1: ads/groute/x'
  assert.equal(told.says, `GeminiRoutes: 2, the others Ready or suspended; ${by}`)
  const beside = routesLinkOf(read({ objects: [{ ...ready, ready: false }, refused] }))
  assert.equal(beside?.state, 'Broken')
  assert.equal(beside.says, `not Ready: 1 of 2 GeminiRoutes: search/groute/nightly: "gwh status -A" tells why; ${by}`)
})

test('without a CRD nothing is said about objects', () => {
  assert.deepEqual(unjudgedLinks(chainOf({ webhooks: read(undefined) })), ['objects'])
})

test('two images are an upgrade that has not ended', () => {
  const chain = chainOf({ receivers: read([{ pod: 'gwh-receiver-0', ready: true, image: 'example.com/gwh:0.9.0' }]) })
  const link = chain.find(({ name }) => name === 'versions')
  assert.deepEqual([link?.state, link?.says.includes('finish the upgrade')], ['Open', true])
})

const clocks: [skewMs: number | undefined, state: string, says: RegExp][] = [
  [undefined, 'Open', /did not say what time it is/],
  [900, 'Good', /agree within 1 s/],
  [-300_000, 'Good', /agree within 300 s/],
  [301_000, 'Broken', /this machine is 301 s behind the API server, and signatures are good for 300 s/],
  [-400_000, 'Broken', /this machine is 400 s ahead of the API server/],
]
for (const [skewMs, state, says] of clocks) {
  test(`a clock that is ${skewMs} ms off is ${state}`, () => {
    const link = clockLink(skewMs)
    assert.equal(link.state, state)
    assert.match(link.says, says)
    assert.equal(link.unjudged, skewMs === undefined ? true : undefined)
  })
}

test('a ping that came is Good, one that was lost Broken, and what could not be tried or seen neither', () => {
  const outcomes = [{ seen: { pod: 'gwh-receiver-0' } }, { seen: undefined }, { why: 'no right' }, 'unseen'] as const
  const links = outcomes.map((outcome) => pingLink(outcome, 30_000))
  assert.deepEqual(
    links.map(({ state, unjudged }) => [state, unjudged]),
    [
      ['Good', undefined],
      ['Broken', undefined],
      ['Open', true],
      ['Open', undefined],
    ],
  )
  assert.match(links[1]?.says ?? '', /nothing that is verified came in 30 s/)
})

const at = (url?: string) => ({ object: 'ml/x', ready: true, suspended: false, url })

test('one address is tried for each public host, and at most five', () => {
  const urls = Array.from({ length: 9 }, (_, n) => at(`https://h${n}.example.com/v1/s/ml/a`))
  const known = [at(), at('https://h0.example.com/v1/s/ml/b'), ...urls]
  const facts = { webhooks: { value: known } } as unknown as Parameters<typeof addressesIn>[0]
  assert.equal(addressesIn(facts).length, 5)
  assert.match(addressesIn(facts)[0] ?? '', /^https:\/\/h0\.example\.com\//)
  const good = addressLink('https://h0.example.com/x', { ends: 'receiver', says: 'a receiver answers' })
  assert.deepEqual(good, { name: 'address h0.example.com', state: 'Good', says: 'a receiver answers' })
  const broken = addressLink('https://h0.example.com/x', { ends: 'TLS', says: 'the certificate is not accepted' })
  assert.deepEqual([broken.state, broken.says], ['Broken', 'TLS: the certificate is not accepted'])
  const inside = addressLink('http://gwh-receiver.gwh.svc/x', { ends: 'inCluster', says: 'it cannot be tried' })
  assert.deepEqual(inside, { name: 'address gwh-receiver.gwh.svc', state: 'Open', says: 'it cannot be tried' })
})

test('a pause is open, and tells how many objects show it', () => {
  const since = '2026-11-21T11:00:00Z'
  const link = chainOf({ pause: read({ since, reason: 'the project is moved' }) }).find(({ name }) => name === 'pause')
  assert.equal(link?.state, 'Open')
  assert.match(
    link?.says ?? '',
    /^the whole installation is paused since 2026-11-21T11:00:00Z \(the project is moved\): .*; 1 of 2 GeminiWebhooks show it$/,
  )
  assert.equal(link?.unjudged, undefined, 'nothing is unknown about it')
  const unread = chainOf({ pause: { unread: 'forbidden' }, webhooks: { unread: 'forbidden' } })
  assert.equal(unread.find(({ name }) => name === 'pause')?.unjudged, true)
  const blind = chainOf({ pause: read({}), webhooks: { unread: 'forbidden' } })
  assert.match(blind.find(({ name }) => name === 'pause')?.says ?? '', /; 0 of 0 GeminiWebhooks show it$/)
})
