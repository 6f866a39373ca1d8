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

test('there are these', () => {
  assert.deepEqual(
    workflows.map(({ path }) => path),
    ['.github/workflows/ci.yaml', '.github/workflows/conformance.yaml', '.github/workflows/release.yaml'],
  )
})

test('every action is pinned by its full commit, with its version beside it', () => {
  for (const { path, text } of workflows) {
    const uses = text.split('\n').filter((line) => /\buses:/.test(line))
    assert.notEqual(uses.length, 0, path)
    for (const line of uses) {
      const isOurs = /uses: \.\/\.github\/(workflows\/[a-z-]+\.yaml|actions\/[a-z-]+)$/.test(line)
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

const action = readFileSync('.github/actions/test-tools/action.yaml', 'utf8')

test('a job whose suites need tools gets them, and fails where one is missing', () => {
  const known = new Set(
    globSync('test/**/*.ts').flatMap(
      (path) => readFileSync(path, 'utf8').match(/\bGWH_REQUIRE_[A-Z0-9_]+(?=['\]:, ])/g) ?? [],
    ),
  )
  // By .ci/upgrade where there is something to try, by the job of a release, by that with a cluster and an engine.
  const elsewhere = ['GWH_REQUIRE_PREVIOUS', 'GWH_REQUIRE_RELEASE', 'GWH_REQUIRE_E2E', 'GWH_REQUIRE_CONTAINERS']
  const [, words = ''] = /for what in ([A-Z0-9_ ]+); do/.exec(action) ?? []
  const required = words.split(' ').map((word) => `GWH_REQUIRE_${word}`)
  assert.deepEqual([...required, ...elsewhere].toSorted(), [...known].toSorted())
  const [ci] = workflows
  assert.ok(ci)
  const text = runsOf(ci.workflow).join('\n')
  // What needs an API key is run by a workflow of its own, by the command behind the test.
  for (const name of Object.keys(packageJson.scripts).filter((each) =>
    /^test:(?!local|unit|component|endurance:|google)/.test(each),
  ))
    assert.match(text, name === 'test:upgrade' ? /^\s*\.ci\/upgrade/m : new RegExp(`npm run ${name}$`, 'm'))
  for (const [name, { steps = [] }] of Object.entries(ci.workflow.jobs)) {
    const isTesting = steps.some(({ run = '' }) => /npm run (test:|verify)|\.ci\/upgrade/.test(run))
    const hasTools = steps.some(({ uses }) => uses === './.github/actions/test-tools')
    assert.ok(hasTools || !isTesting || name === 'packages', `${name} has its tools`)
  }
})

test('a job that runs a program of ours on Node has the Node that it needs', () => {
  for (const { path, workflow } of workflows)
    for (const [name, { steps = [] }] of Object.entries(workflow.jobs)) {
      const runs = steps.findIndex(({ run = '' }) => /\b(npm (run|ci)|node tools\/)/.test(run))
      const setUp = steps.findIndex(({ uses = '' }) => uses.startsWith('actions/setup-node@'))
      assert.ok(runs === -1 || (setUp !== -1 && setUp < runs), `${path}: ${name}`)
    }
})

test('every script that they call exists', () => {
  const scripts = new Set(Object.keys(packageJson.scripts))
  const called = workflows.flatMap(({ workflow }) =>
    runsOf(workflow).flatMap((run) => [...run.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name)),
  )
  assert.ok(called.length > 8)
  for (const name of called) assert.ok(scripts.has(name ?? ''), name)
  const paths = workflows.flatMap(({ workflow }) =>
    runsOf(workflow).flatMap((run) => run.match(/(?:\.ci|\b(?:charts|deploy|crds|tools))\/[\w./-]*\w/g) ?? []),
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
