import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parse, parseAllDocuments, stringify } from 'yaml'

import { isRecord } from '../../../src/is-record.ts'
import { crdPaths } from '../../../tools/generate-crds.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'

/** What the judges of YAML ask. */
export interface YamlDeps {
  /** What a real API server says of manifests that are applied with `--dry-run=server`; empty where it takes them. */
  dryRun(manifests: string): Promise<string>
  /** What the chart says of these values; undefined where it takes them. */
  valuesProblem(values: object): string | undefined
  /** What `kubectl kustomize` says of a kustomization at that path of the checkout; undefined where it builds. */
  kustomizeProblem(path: string, text: string): string | undefined
}

export interface Verdict {
  /** How the block is counted. */
  kind: string
  problems: string[]
}

interface Manifest {
  apiVersion?: unknown
  kind?: unknown
}

/** Kinds of other products whose CRD is not in test/fixtures/crds: they are parsed alone. A new one is added here. */
const parsedAlone = new Set(['BackendTrafficPolicy', 'Certificate', 'HealthCheckPolicy'])

/** Judges a block of YAML as what it is: whole manifests, or a fragment in the object that it belongs to. */
export async function judgeYaml(text: string, info: string, deps: YamlDeps): Promise<Verdict> {
  const documents = parseAllDocuments(text)
  const broken = documents.flatMap(({ errors }) => errors.map(({ message }) => message))
  if (broken.length > 0) return { kind: 'YAML', problems: broken }
  const values = documents.map((document) => document.toJS() as unknown).filter((value) => value !== null)
  if (values.every(isManifest)) return judgeManifests(text, values, deps)
  const [fragment] = values
  if (values.length !== 1 || !isRecord(fragment))
    return { kind: 'YAML', problems: ['is neither manifests nor one fragment'] }
  if (info === 'examples') return judgeExamples(fragment)
  return judgeFragment(fragment, deps)
}

function isManifest(value: unknown): value is Manifest {
  return isRecord(value) && 'apiVersion' in value && 'kind' in value
}

async function judgeManifests(text: string, manifests: readonly Manifest[], deps: YamlDeps): Promise<Verdict> {
  const kinds = manifests.map(({ kind }) => String(kind))
  if (kinds.includes('Kustomization')) {
    const path = /^# (\S+)\n/.exec(text)?.[1]
    const problem = path === undefined ? 'begin it with a comment that is its path' : deps.kustomizeProblem(path, text)
    return { kind: 'kustomizations built', problems: problem === undefined ? [] : [problem] }
  }
  const known = manifests.filter((_, at) => !parsedAlone.has(kinds[at] ?? ''))
  if (known.length === 0) return { kind: "manifests of others' kinds parsed", problems: [] }
  return { kind: 'manifests applied', problems: await problemsOfManifests(known, deps) }
}

/** What the API server and `gwh validate` say of them. */
async function problemsOfManifests(manifests: readonly object[], deps: YamlDeps): Promise<string[]> {
  const text = manifests.map((manifest) => stringify(manifest)).join('---\n')
  const refused = await deps.dryRun(text)
  const isOurs = manifests.some((each) =>
    String((each as Manifest).apiVersion).startsWith('webhooks.gemini-operator.io/'),
  )
  const advice = 'put its CRD into test/fixtures/crds, or name the kind in test/docs/judges/judge-yaml.ts'
  const told = refused.includes('no matches for kind') ? `${refused}\n${advice}` : refused
  return [...(refused === '' ? [] : [told]), ...(isOurs ? await validateProblems(text) : [])]
}

const gwh = gwhCommand()

async function validateProblems(text: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-block-'))
  try {
    const path = join(folder, 'block.yaml')
    writeFileSync(path, text)
    const { code, out, err } = await gwh('validate', path)
    return code === 0 ? [] : [`gwh validate: ${out}${err}`.trim()]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** An object that a fragment may be a part of: its fields, and how a minimal one is made of it. */
interface Place {
  kind: string
  fields: ReadonlySet<string>
  problems(fragment: object, deps: YamlDeps): Promise<string[]>
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>
  items?: SchemaNode
}

const [routeSchema, webhookSchema] = ['geminiroutes', 'geminiwebhooks'].map((plural) => {
  const path = crdPaths.find((each) => each.includes(plural)) ?? ''
  const crd = parse(readFileSync(path, 'utf8')) as { spec: { versions: { schema: { openAPIV3Schema: SchemaNode } }[] } }
  return crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec']
})
const fieldsOf = (schema: SchemaNode | undefined) => new Set(Object.keys(schema?.properties ?? {}))
const valuesSchema = JSON.parse(readFileSync('charts/gemini-webhook-operator/values.schema.json', 'utf8')) as SchemaNode

const apiVersion = 'webhooks.gemini-operator.io/v1alpha1'
const aSink = { name: 'worker', service: { name: 'batch-worker' } }
const webhookOf = (spec: object) => ({
  apiVersion,
  kind: 'GeminiWebhook',
  metadata: { name: 'fragment' },
  spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'], ...spec },
})
const destinations = ['service', 'uri', 'uriSecretRef', 'ref', 'nats', 'kafka', 'kubernetesEvent']
const sinkOf = (fragment: object) =>
  destinations.some((field) => field in fragment) ? { name: 'worker', ...fragment } : { ...aSink, ...fragment }
const podOf = (spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'fragment' },
  spec: { containers: [{ name: 'worker', image: 'worker' }], ...spec },
})

const places: readonly Place[] = [
  {
    kind: 'fragments of GeminiWebhooks applied',
    fields: fieldsOf(webhookSchema),
    problems: (spec, deps) => problemsOfManifests([webhookOf(spec)], deps),
  },
  {
    kind: 'fragments of GeminiRoutes applied',
    fields: fieldsOf(routeSchema),
    problems: (spec, deps) => {
      const whole = { webhookRef: { name: 'all' }, sinks: [aSink], ...spec }
      return problemsOfManifests(
        [{ apiVersion, kind: 'GeminiRoute', metadata: { name: 'fragment' }, spec: whole }],
        deps,
      )
    },
  },
  {
    kind: 'fragments of sinks applied',
    fields: fieldsOf(webhookSchema?.properties?.['sinks']?.items),
    problems: (sink, deps) => problemsOfManifests([webhookOf({ sinks: [sinkOf(sink)] })], deps),
  },
  {
    kind: 'values taken by the chart',
    fields: fieldsOf(valuesSchema),
    problems: (values, deps) => {
      const problem = deps.valuesProblem(values)
      return Promise.resolve(problem === undefined ? [] : [problem])
    },
  },
  {
    kind: 'fragments of Pods applied',
    fields: new Set(['env', 'envFrom', 'volumeMounts', 'resources', 'ports', 'image', 'args', 'command']),
    problems: (container, deps) =>
      problemsOfManifests([podOf({ containers: [{ name: 'worker', image: 'worker', ...container }] })], deps),
  },
  {
    kind: 'fragments of Pods applied',
    fields: new Set(['containers', 'volumes', 'hostAliases', 'dnsConfig', 'dnsPolicy', 'imagePullSecrets']),
    problems: (spec, deps) => problemsOfManifests([podOf(spec)], deps),
  },
  {
    kind: 'fragments of metadata applied',
    fields: new Set(['metadata']),
    problems: (fragment, deps) =>
      problemsOfManifests([{ ...webhookOf({}), metadata: { name: 'fragment', ...metadataOf(fragment) } }], deps),
  },
]

const metadataOf = (fragment: { metadata?: object }) => fragment.metadata ?? {}

async function judgeFragment(fragment: object, deps: YamlDeps): Promise<Verdict> {
  const fields = Object.keys(fragment)
  const fitting = places.filter((place) => fields.every((field) => place.fields.has(field)))
  const problems: string[] = []
  for (const place of fitting) {
    const found = await place.problems(fragment, deps)
    if (found.length === 0) return { kind: place.kind, problems: [] }
    problems.push(...found.map((problem) => `as one of "${place.kind}": ${problem}`))
  }
  if (fitting.length > 0) return { kind: 'YAML', problems }
  const advice = 'make it a whole manifest, or add what it is a part of to test/docs/judges/judge-yaml.ts'
  return { kind: 'YAML', problems: [`no object is known that has the fields ${fields.join(', ')}: ${advice}`] }
}

/** Named filters, as docs/reference/filters.md shows them. */
async function judgeExamples(examples: object): Promise<Verdict> {
  const sinks = Object.values(examples).map((filter: unknown, at) =>
    Object.assign({ filter }, aSink, { name: `example-${at}` }),
  )
  return { kind: 'fragments of sinks applied', problems: await validateProblems(stringify(webhookOf({ sinks }))) }
}

/** An expression of CEL: the body of a transform, else a filter. */
export async function judgeCel(text: string): Promise<string[]> {
  const asBody = await validateProblems(stringify(webhookOf({ sinks: [{ ...aSink, transform: { body: text } }] })))
  if (asBody.length === 0) return []
  const asFilter = await validateProblems(stringify(webhookOf({ sinks: [{ ...aSink, filter: { cel: text } }] })))
  return asFilter.length === 0 ? [] : [...asBody, ...asFilter]
}
