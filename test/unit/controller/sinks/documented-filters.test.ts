import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import { filterSchema } from '../../../../src/api/sink.ts'
import type { DestinationLookups } from '../../../../src/controller/sinks/resolve-service.ts'
import { resolveSinks } from '../../../../src/controller/sinks/resolve-sinks.ts'
import type { SinkFilter } from '../../../../src/contract/keyring/entry.ts'
import { createFilterEvaluator } from '../../../../src/filter/evaluate-filter.ts'

/** The block of examples of the page, by their names. */
function documentedFilters(): Map<string, unknown> {
  const page = readFileSync('docs/reference/filters.md', 'utf8')
  const [, block = ''] = /```yaml examples\n(.*?)```/s.exec(page) ?? []
  return new Map(Object.entries(parse(block) as Record<string, unknown>))
}

interface Case {
  type?: string
  data?: object
  user_metadata?: Record<string, string | number>
  mode?: 'static' | 'dynamic'
  ageMs?: number
}

const hourMs = 3_600_000

const cases: Record<string, { wanted: Case[]; unwanted: Case[] }> = {
  any: {
    wanted: [{ type: 'batch.failed' }, { type: 'batch.succeeded', data: { error: 'x' } }],
    unwanted: [{ type: 'batch.succeeded' }],
  },
  all: {
    wanted: [{ data: { id: 'batches/1' } }],
    unwanted: [{ data: { id: 'files/1' } }, { type: 'batch.failed', data: { id: 'batches/1' } }, { data: {} }],
  },
  not: {
    wanted: [{ type: 'batch.succeeded' }],
    unwanted: [{ type: 'video.generated' }, { user_metadata: { dry_run: 'yes' } }],
  },
  mode: { wanted: [{ mode: 'dynamic' }], unwanted: [{ mode: 'static' }] },
  age: { wanted: [{ ageMs: hourMs - 1 }, { ageMs: 0 }], unwanted: [{ ageMs: hourMs }, { ageMs: 24 * hourMs }] },
  suffix: {
    wanted: [{ type: 'batch.failed' }, { type: 'batch.expired' }, { type: 'interaction.cancelled' }],
    unwanted: [{ type: 'batch.succeeded' }, { type: 'failed.batch' }],
  },
  'suffix-of-metadata': {
    wanted: [{ user_metadata: { queue: 'search-prod' } }],
    unwanted: [{ user_metadata: { queue: 'search-test' } }, {}, { user_metadata: { queue: 7 } }],
  },
  'suffix-or-exact': {
    wanted: [
      { user_metadata: { team: 'search' } },
      { type: 'interaction.requires_action', user_metadata: { team: 'search' } },
    ],
    unwanted: [{ user_metadata: { team: 'ads' } }, { type: 'batch.failed', user_metadata: { team: 'search' } }],
  },
}

const lookups: Parameters<typeof resolveSinks>[1] = {
  namespace: 'ml',
  clusterDomain: undefined,
  natsPrefix: undefined,
  kafkaPrefix: undefined,
  allowForeign: false,
  addressableNamespaces: [] as DestinationLookups['addressableNamespaces'],
  services: new Map(),
  areServicesWatched: true,
  credentials: new Map(),
  addressables: new Map(),
  known: [],
}

/** As receivers are told it. */
function toldFilter(given: unknown): SinkFilter {
  const filter = filterSchema.parse(given)
  const { resolved, problem } = resolveSinks([{ name: 'cluster', kubernetesEvent: {}, filter }], lookups)
  assert.equal(problem, undefined)
  const told = resolved[0]?.filter
  assert.ok(told !== undefined)
  return told
}

const evaluate = createFilterEvaluator()

function judge(filter: SinkFilter, { type = 'batch.succeeded', mode = 'static', ageMs = 0, ...rest }: Case) {
  const body = Buffer.from(JSON.stringify({ type, ...rest }))
  return evaluate(filter, { type, body, mode, ageMs }, [])
}

const documented = documentedFilters()

test('every documented filter has its events here', () => {
  assert.deepEqual([...documented.keys()].toSorted(), Object.keys(cases).toSorted())
})

for (const [name, { wanted, unwanted }] of Object.entries(cases)) {
  test(`the documented filter "${name}" wants what it says, and nothing else`, () => {
    const filter = toldFilter(documented.get(name))
    for (const event of wanted) assert.equal(judge(filter, event), 'wanted', JSON.stringify(event))
    for (const event of unwanted) assert.equal(judge(filter, event), 'unwanted', JSON.stringify(event))
  })
}

test('a receiver from before there were suffixes judges them alike: they stand in the expression', () => {
  const filter = toldFilter({
    types: { exact: ['a.b'], prefix: ['c.', 'd.'], suffix: ['.e'] },
    metadata: { exact: { team: 'search' }, suffix: { queue: '-"prod\\' } },
    cel: 'true || false // of the user',
  })
  assert.deepEqual(Object.keys(filter).toSorted(), ['cel', 'metadataExact', 'typesExact', 'typesPrefix'])
  assert.deepEqual([filter.typesExact, filter.typesPrefix], [[], []])
  const user_metadata = { team: 'search', queue: 'a-"prod\\' }
  for (const type of ['a.b', 'c.x', 'd.x', 'x.e']) assert.equal(judge(filter, { type, user_metadata }), 'wanted', type)
  for (const type of ['a.bc', 'x.c.', 'e']) assert.equal(judge(filter, { type, user_metadata }), 'unwanted', type)
  assert.equal(judge(filter, { type: 'a.b', user_metadata: { ...user_metadata, queue: 'a' } }), 'unwanted')
})

test('an expression that is wrong by itself does not become right by a suffix in front of it', () => {
  const filter = filterSchema.parse({ types: { suffix: ['.e'] }, cel: 'false) || (true' })
  const { resolved, problem } = resolveSinks([{ name: 'cluster', kubernetesEvent: {}, filter }], lookups)
  assert.match(problem?.message ?? '', /^spec\.sinks\[cluster\]\.filter\.cel does not compile/)
  const told = resolved[0]?.filter
  assert.ok(told !== undefined)
  assert.equal(judge(told, { type: 'x.e' }), 'invalid')
})

/** The most that one list may have, each of that length. */
const texts = (length: number) => Array.from({ length: 32 }, (_, at) => `${'t'.repeat(100)}.x${at}`.slice(-length))

test('what the largest suffixes of a sink cost is within the bound of an object', () => {
  const types = { exact: texts(50).map((text) => `t${text}`), prefix: texts(100), suffix: texts(100) }
  toldFilter({
    types,
    metadata: {
      suffix: Object.fromEntries(
        texts(20)
          .slice(0, 4)
          .map((key) => [key, 'value']),
      ),
    },
  })
})

test('suffixes that cost too much are told of the field that has them', () => {
  const suffix = Object.fromEntries(Array.from({ length: 4 }, (_, at) => [`key-${at}`, 'value']))
  const sinks = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => ({
    name,
    kubernetesEvent: {},
    filter: { metadata: { suffix } },
  }))
  assert.match(resolveSinks(sinks, lookups).problem?.message ?? '', /^spec\.sinks\[[a-h]\]\.filter may cost/)
})
