import assert from 'node:assert/strict'
import { test } from 'node:test'

import { linkOnSite, slugOf } from '../../../site/repository-links.ts'

const repository = { url: 'https://git.example.com/a/b', ref: 'v1.0.0' }
const cases: readonly [page: string, href: string, want: string][] = [
  ['tenancy.md', 'install.md#helm', 'install.md#helm'],
  ['tenancy.md', 'reference/sinks.md', 'reference/sinks.md'],
  ['runbooks/GwhOrphans.md', '../commands.md#x', '../commands.md#x'],
  ['runbooks/GwhOrphans.md', 'README.md', 'index.md'],
  ['tenancy.md', 'adr/README.md#y', 'adr/index.md#y'],
  ['tenancy.md', '#here', '#here'],
  ['tenancy.md', 'https://example.com/x.md', 'https://example.com/x.md'],
  ['tenancy.md', '../README.md#try-it', 'https://git.example.com/a/b/blob/v1.0.0/README.md#try-it'],
  ['tenancy.md', '../deploy/samples', 'https://git.example.com/a/b/tree/v1.0.0/deploy/samples'],
  ['tenancy.md', '../deploy/samples/', 'https://git.example.com/a/b/tree/v1.0.0/deploy/samples'],
  ['reference/sinks.md', '../../test/a.test.ts', 'https://git.example.com/a/b/blob/v1.0.0/test/a.test.ts'],
  ['consuming.md', 'schemas/events.d.ts', 'https://git.example.com/a/b/blob/v1.0.0/docs/schemas/events.d.ts'],
]

for (const [page, href, want] of cases) {
  test(`${href} on docs/${page} leads to ${want}`, () => assert.equal(linkOnSite(href, page, repository), want))
}

test('an anchor is the one that GitHub makes', () => {
  assert.equal(slugOf('kubectl, `helm` & Kustomize: what else?'), 'kubectl-helm--kustomize-what-else')
})
