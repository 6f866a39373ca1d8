import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { parse } from 'yaml'

import packageJson from '../../package.json' with { type: 'json' }

interface Step {
  uses?: string
  run?: string
}
interface Workflow {
  permissions?: Record<string, string>
  jobs: Record<
    string,
    { uses?: string; 'timeout-minutes'?: number; permissions?: Record<string, string>; steps?: Step[] }
  >
}

const workflows = globSync('.github/workflows/*.yaml')
  .toSorted()
  .map((path) => {
    const text = readFileSync(path, 'utf8')
    return { path, text, workflow: parse(text) as Workflow }
  })
const runsOf = ({ jobs }: Workflow) =>
  Object.values(jobs).flatMap(({ steps = [] }) => steps.flatMap(({ run }) => (run === undefined ? [] : [run])))

test('there are the pair of them', () => {
  assert.deepEqual(
    workflows.map(({ path }) => path),
    ['.github/workflows/ci.yaml', '.github/workflows/release.yaml'],
  )
})

test('every action is pinned by its full commit, with its version beside it', () => {
  for (const { path, text } of workflows) {
    const uses = text.split('\n').filter((line) => /\buses:/.test(line))
    assert.notEqual(uses.length, 0, path)
    for (const line of uses) {
      const isOurs = /uses: \.\/\.github\/workflows\/[a-z-]+\.yaml$/.test(line)
      assert.ok(isOurs || /uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line), `${path}: ${line.trim()}`)
    }
  }
})

test('an action has the same pin wherever it is used', () => {
  const pins = workflows.flatMap(({ text }) => [...text.matchAll(/uses: ([\w./-]+)@([0-9a-f]{40} # \S+)/g)])
  const byAction = Map.groupBy(pins, ([, action = '']) => action)
  for (const [action, uses] of byAction) assert.equal(new Set(uses.map(([, , pin]) => pin)).size, 1, action)
})

test('a workflow may read the sources and nothing else, and jobs ask for the rest with a reason', () => {
  for (const { path, text, workflow } of workflows) {
    assert.deepEqual(workflow.permissions, { contents: 'read' }, path)
    for (const line of text.split('\n').filter((each) => /^\s+[a-z-]+: write\b/.test(each)))
      assert.match(line, /: write # \S/, `${path}: ${line.trim()}`)
    for (const [name, job] of Object.entries(workflow.jobs))
      assert.ok(job.uses !== undefined || (job['timeout-minutes'] ?? 0) > 0, `${path}: ${name} has no timeout`)
  }
})

test('no text from outside stands in a script, where it could become a command', () => {
  for (const { path, workflow } of workflows)
    for (const run of runsOf(workflow)) assert.doesNotMatch(run, /\$\{\{\s*github\.(event|head_ref)/, path)
})

test('every script that they call exists', () => {
  const scripts = new Set(Object.keys(packageJson.scripts))
  const called = workflows.flatMap(({ workflow }) =>
    runsOf(workflow).flatMap((run) => [...run.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name)),
  )
  assert.ok(called.length > 8)
  for (const name of called) assert.ok(scripts.has(name ?? ''), name)
  const paths = workflows.flatMap(({ workflow }) =>
    runsOf(workflow).flatMap((run) => run.match(/\b(?:charts|deploy|crds|tools)\/[\w./-]*\w/g) ?? []),
  )
  for (const path of paths) assert.ok(existsSync(path), path)
})

test('the image that the product is built in is pinned by its digest, in the Dockerfile and in what a release changes of it, and nothing is below the product', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const chosen = new Map(
    [...dockerfile.matchAll(/^ARG (\w+_IMAGE)=(.*)$/gm)].map(([, name = '', image = '']) => [name, image]),
  )
  const bases = [...dockerfile.matchAll(/^FROM \$\{(\w+)\}/gm)].map(([, name = '']) => name)
  assert.deepEqual(bases.toSorted(), [...chosen.keys()].toSorted())
  const others = [...dockerfile.matchAll(/^FROM (?!\$\{)(.*)$/gm)].map(([, name]) => name)
  assert.deepEqual(others, ['scratch'], 'no image is named past these')
  for (const [name, image] of chosen) assert.match(image, /^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/, name)
  for (const { path, text } of workflows) {
    const given = [...text.matchAll(/(?:BUILD|BASE)_IMAGE=(\S+)/g)]
    for (const [, image = ''] of given) assert.match(image, /@sha256:[0-9a-f]{64}$/, path)
  }
})

test('updates are looked for wherever something is pinned', () => {
  const { updates } = parse(readFileSync('.github/dependabot.yml', 'utf8')) as {
    updates: { 'package-ecosystem': string; directory?: string; directories?: string[] }[]
  }
  const files: Record<string, string> = { npm: 'package.json', docker: 'Dockerfile', gomod: 'go.mod' }
  const covered = updates.flatMap(({ 'package-ecosystem': ecosystem, directory, directories = [] }) =>
    [...directories, ...(directory === undefined ? [] : [directory])].map((folder) => ({ ecosystem, folder })),
  )
  for (const { ecosystem, folder } of covered)
    assert.ok(existsSync(join('.', folder, files[ecosystem] ?? '.github/workflows')), `${ecosystem} in ${folder}`)
  const modules = globSync('test/**/go.mod').map((path) => `/${path.replace(/\/go\.mod$/, '')}`)
  const gomod = covered.filter(({ ecosystem }) => ecosystem === 'gomod').map(({ folder }) => folder)
  assert.deepEqual(gomod.toSorted(), modules.toSorted())
})
