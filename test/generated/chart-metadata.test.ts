import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import packageJson from '../../package.json' with { type: 'json' }
import { allCrds } from '../../src/api/crd.ts'
import { chartPath } from '../../tools/generate-chart.ts'

interface Metadata {
  version: string
  home: string
  icon: string
  sources: string[]
  maintainers: { name: string; url?: string; email?: string }[]
  annotations: Record<string, string>
}

const metadata = parse(readFileSync(`${chartPath}/Chart.yaml`, 'utf8')) as Metadata
const annotation = (name: string) => metadata.annotations[`artifacthub.io/${name}`] ?? ''
const listOf = <T>(name: string) => parse(annotation(name)) as T[]

/** What Artifact Hub takes: https://artifacthub.io/docs/topics/annotations/helm. */
const categories = new Set([
  'ai-machine-learning',
  'database',
  'integration-delivery',
  'monitoring-logging',
  'networking',
  'security',
  'storage',
  'streaming-messaging',
  'skip-prediction',
])
const changeKinds = new Set(['added', 'changed', 'deprecated', 'removed', 'fixed', 'security'])
const capabilities = new Set(['basic install', 'seamless upgrades', 'full lifecycle', 'deep insights', 'auto pilot'])
const known = [
  'category',
  'changes',
  'crds',
  'crdsExamples',
  'images',
  'license',
  'links',
  'operator',
  'operatorCapabilities',
]

test('every annotation is one that Artifact Hub reads, and each is a text', () => {
  assert.deepEqual(
    Object.keys(metadata.annotations).toSorted(),
    known.map((name) => `artifacthub.io/${name}`).toSorted(),
  )
  for (const [name, value] of Object.entries(metadata.annotations)) assert.equal(typeof value, 'string', name)
})

test('the words are those that Artifact Hub knows', () => {
  assert.ok(categories.has(annotation('category')))
  assert.ok(capabilities.has(annotation('operatorCapabilities').toLowerCase()))
  assert.equal(annotation('operator'), 'true')
  assert.equal(annotation('license'), packageJson.license)
})

test('changes have a kind and a sentence, without the marks of Markdown, and each link a name', () => {
  const changes = listOf<{ kind: string; description: string; links?: { name: string; url: string }[] }>('changes')
  assert.ok(changes.length > 0)
  for (const { kind, description, links = [] } of changes) {
    assert.ok(changeKinds.has(kind), kind)
    assert.match(description, /\S{3}/)
    assert.doesNotMatch(description, /\*\*|\]\(|\n/)
    for (const { name, url } of links) assert.ok(name && url.startsWith('https://'), description)
  }
})

test('the CRDs are those of the chart, and each has an example of its version', () => {
  const crds = listOf<Record<string, string>>('crds')
  assert.deepEqual(
    crds.map(({ kind, name, version }) => [kind, name, version]),
    allCrds().map((crd) => [crd.spec.names.kind, crd.metadata.name, crd.spec.versions[0]?.name]),
  )
  for (const { displayName, description } of crds) assert.ok(displayName && description)
  const examples = listOf<{ kind: string; apiVersion: string; metadata: { name: string }; spec: object }>(
    'crdsExamples',
  )
  assert.deepEqual(
    examples.map(({ kind, apiVersion }) => [kind, apiVersion]),
    allCrds().map(({ spec }) => [spec.names.kind, `${spec.group}/${spec.versions[0]?.name}`]),
  )
  for (const { metadata: named, spec } of examples) assert.ok(named.name && Object.keys(spec).length > 0)
})

test('the image is that of the values, by the version of the chart', () => {
  const { image } = parse(readFileSync(`${chartPath}/values.yaml`, 'utf8')) as { image: { repository: string } }
  const images = listOf<{ name: string; image: string; platforms: string[] }>('images')
  assert.deepEqual(
    images.map((each) => each.image),
    [`${image.repository}:${packageJson.version}`],
  )
  for (const platform of images.flatMap(({ platforms }) => platforms)) assert.match(platform, /^linux\/(amd64|arm64)$/)
})

test('addresses are whole, and lead to files that there are', () => {
  const { home, icon, sources, maintainers } = metadata
  const links = listOf<{ name: string; url: string }>('links')
  for (const url of [
    home,
    icon,
    ...sources,
    ...maintainers.map((each) => each.url ?? ''),
    ...links.map((each) => each.url),
  ])
    assert.match(url, /^https:\/\/[\w.-]+\/\S+$/)
  const paths = [icon, ...links.map(({ url }) => url)].flatMap((url) => /\/v\d+\.\d+\.\d+\/(\S+)$/.exec(url)?.[1] ?? [])
  assert.equal(paths.length, 3)
  for (const path of paths) assert.ok(existsSync(path), path)
})

test('a release from elsewhere finds every mention of the owner and the name', () => {
  const release = readFileSync('.github/workflows/release.yaml', 'utf8')
  const owned = 'gemini-webhook-operator/gemini-webhook-operator'
  assert.ok(release.includes(`sed -i "s|${owned}|$GITHUB_REPOSITORY|g" ${chartPath}/Chart.yaml ${chartPath}/README.md`))
  for (const file of ['Chart.yaml', 'README.md']) {
    const addresses = readFileSync(`${chartPath}/${file}`, 'utf8').match(
      /(https:\/\/[\w.]*github[\w.]*|ghcr\.io)\/[^\s)"`]+/g,
    )
    assert.ok(addresses)
    for (const address of addresses) assert.ok(address.includes(owned), address)
  }
})
