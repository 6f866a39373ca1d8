import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { finalizer, installationAnnotation } from '../../../../src/api/names.ts'
import { exitCodeOf, brokenLink, unjudgedLinks, type Link } from '../../../../src/cli/link.ts'
import {
  sortObjects,
  uninstallChain,
  type HeldObject,
  type HeldObjects,
  type UninstallFacts,
} from '../../../../src/cli/uninstall/judge-uninstall.ts'
import { uninstallSteps, type Installed } from '../../../../src/cli/uninstall/uninstall-steps.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const read = <T>(value: T) => ({ value })
const unread = { unread: 'forbidden' }
const held = (name: string, isRetained = false): HeldObject => ({
  namespace: 'ml',
  name,
  uid: name,
  isRetained,
  isLeaving: false,
  isClaimed: true,
})
const nothing: HeldObjects = { ours: [], others: [], unserved: [] }
const leads = { holder: 'gwh-controller-abc', renewedMs: nowMs - 10_000, durationMs: 30_000 }
const bare: UninstallFacts = {
  objects: read(nothing),
  lease: read(leads),
  isPaused: read(false),
  pending: read(0),
  orphans: read(0),
  routes: read(0),
  nowMs,
}
const oneLeft = { objects: read({ ...nothing, ours: [held('a')] }) }
const codeOf = (chain: readonly Link[]) => exitCodeOf(brokenLink(chain), unjudgedLinks(chain))

const cases: [name: string, facts: Partial<UninstallFacts>, code: number, link: string, says: RegExp][] = [
  ['nothing is left', {}, 0, 'webhooks', /^none of this installation is left$/],
  ['there is no CRD', { objects: read(undefined) }, 0, 'CRDs', /does not know GeminiWebhooks/],
  ['an object is left', oneLeft, 1, 'webhooks', /^1 GeminiWebhook of this installation would be left, .*: ml\/a$/],
  [
    'many are left',
    { objects: read({ ...nothing, ours: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => held(name)) }) },
    1,
    'webhooks',
    /: ml\/a, ml\/b, ml\/c, ml\/d, ml\/e and 2 more$/,
  ],
  ['a controller leads', oneLeft, 1, 'controller', /^gwh-controller-abc leads/],
  ['nobody ever led', { ...oneLeft, lease: read(undefined) }, 1, 'controller', /^no controller leads/],
  [
    'who led has fallen silent',
    { ...oneLeft, lease: read({ ...leads, renewedMs: nowMs - 61_000 }) },
    1,
    'controller',
    /^no controller leads/,
  ],
  [
    'the installation is paused',
    { ...oneLeft, isPaused: read(true) },
    1,
    'controller',
    /^the installation is paused, so what is deleted now waits/,
  ],
  ['it is paused and nothing is left', { isPaused: read(true) }, 0, 'controller', /nothing left to remove/],
  ['whether it is paused cannot be read', { ...oneLeft, isPaused: unread }, 1, 'controller', /leads, and removes/],
  ['nobody leads and nobody is needed', { lease: read(undefined) }, 0, 'controller', /nothing left to remove/],
  ['one delivery waits', { pending: read(1) }, 1, 'deliveries', /^1 delivery waits in inboxes/],
  ['an orphan is noted', { orphans: read(1) }, 1, 'orphans', /^1 webhook that was left at Google/],
  ['objects cannot be read', { objects: unread }, 3, 'webhooks', /could not be read: forbidden/],
  ['reports cannot be read', { pending: unread }, 3, 'deliveries', /could not be read: forbidden/],
  ['the list of orphans cannot be read', { orphans: unread }, 3, 'orphans', /could not be read: forbidden/],
  [
    'only one namespace can be seen',
    { objects: read({ ...nothing, onlyIn: 'ml' }) },
    3,
    'webhooks',
    /only those of namespace ml may be listed/,
  ],
  [
    'others were never served',
    { objects: read({ ...nothing, unserved: ['ml/new'] }) },
    0,
    'webhooks',
    /; 1 without a webhook were never served$/,
  ],
  [
    'another installation needs the CRDs',
    { objects: read({ ...nothing, others: ['team-a/x'] }), routes: read(3) },
    0,
    'CRDs',
    /^must stay: other installations serve 1 GeminiWebhook: team-a\/x$/,
  ],
  [
    'only the namespaces of this installation were looked at',
    { objects: read({ ...nothing, isNarrowed: true }) },
    0,
    'CRDs',
    /^must stay: other namespaces, which were not looked at, may need them$/,
  ],
  ['nobody knows what there is', { objects: unread }, 3, 'CRDs', /^could not be read: forbidden$/],
  ['routes would go with the CRDs', { routes: read(2) }, 0, 'CRDs', /; 2 GeminiRoutes would go with them$/],
]
for (const [name, facts, code, link, says] of cases) {
  test(`before an uninstallation where ${name}: ${code}, and the link "${link}" says so`, () => {
    const chain = uninstallChain({ ...bare, ...facts })
    assert.equal(codeOf(chain), code)
    assert.match(chain.find((each) => each.name === link)?.says ?? '', says)
  })
}

const verbsOf = (facts: Partial<UninstallFacts>, installed: Partial<Installed> = {}) =>
  uninstallSteps({ ...bare, ...facts }, { namespace: 'gwh', ...installed }).map(({ command }) => command)
const end = ['helm uninstall gwh-prod --namespace gwh', 'kubectl delete namespace gwh']
const crds = 'kubectl delete crd geminiwebhooks.webhooks.gemini-operator.io geminiroutes.webhooks.gemini-operator.io'

test('the steps are what is left to do, in the order that strands nothing', () => {
  const release = 'gwh-prod'
  assert.deepEqual(verbsOf({}, { release }), [...end, crds])
  const all = { ...oneLeft, lease: read(undefined), isPaused: read(true), pending: read(1), orphans: read(1) }
  assert.deepEqual(verbsOf(all, { release }), [
    'kubectl --namespace gwh scale deployment gwh-controller --replicas=1',
    'gwh resume --operator-namespace=gwh',
    'gwh deliveries -A --operator-namespace=gwh',
    'gwh retry --all -A --operator-namespace=gwh',
    'gwh uninstall --operator-namespace=gwh --yes',
    'gwh orphans --operator-namespace=gwh',
    ...end,
    crds,
  ])
})

test('what could not be read is not taken for done', () => {
  const steps = verbsOf({ objects: unread, pending: unread, orphans: unread })
  assert.deepEqual(
    ['gwh deliveries', 'gwh uninstall', 'gwh orphans'].filter((each) => !steps.some((step) => step.startsWith(each))),
    [],
  )
  assert.ok(!steps.includes(crds), 'others may need them')
})

test('CRDs are not to be deleted where others need them, or where others cannot be seen', () => {
  assert.ok(!verbsOf({ objects: read({ ...nothing, others: ['team-a/x'] }) }).includes(crds))
  assert.ok(!verbsOf({ objects: read({ ...nothing, onlyIn: 'ml' }) }).includes(crds))
  const narrowed = { objects: read({ ...nothing, ours: [held('a')], isNarrowed: true }) }
  const steps = verbsOf(narrowed, { watched: ['ml', 'team-b'] })
  assert.ok(!steps.includes(crds))
  assert.ok(steps.includes('gwh uninstall --operator-namespace=gwh --watch-namespaces=ml,team-b --yes'))
})

test('an object with a finalizer is ours to judge; it is ours to delete once it was claimed, or a person has named us', () => {
  const named = { annotations: { [installationAnnotation]: 'prod-eu-1' } }
  const objects = [
    aHeldWebhook('restored'),
    aHeldWebhook('claimed', { status: { installationID: 'prod-eu-1' } }),
    aHeldWebhook('named', { metadata: named }),
  ]
  const { ours } = sortObjects(objects, () => 'ours')
  assert.deepEqual(
    ours.map(({ name, isClaimed }) => [name, isClaimed]),
    [['restored', false], ['claimed', true], ['named', true]], // prettier-ignore
  )
})

function aHeldWebhook(name: string, { metadata = {}, status }: { metadata?: object; status?: object } = {}) {
  const meta = { namespace: 'ml', name, uid: name, finalizers: [finalizer], ...metadata }
  return { metadata: meta, spec: {}, ...(status !== undefined && { status }) } as unknown as GeminiWebhook
}
