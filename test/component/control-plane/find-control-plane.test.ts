import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import type { Environment } from '../../control-plane/control-plane-target.ts'
import { downloadControlPlane } from '../../control-plane/download-control-plane.ts'
import {
  cacheFolder,
  findControlPlane,
  installedControlPlane,
  kubernetesVersion,
} from '../../control-plane/find-control-plane.ts'

const programs = ['kube-apiserver', 'etcd', 'kubectl']
/** Nobody listens there, so connections are refused at once. */
const nowhere = 'http://127.0.0.1:2/'

const work = mkdtempSync(join(tmpdir(), 'gwh-find-'))
after(() => rmSync(work, { recursive: true, force: true }))
let folders = 0

function anEnvironment(more: Environment = {}): Environment {
  return {
    PATH: '/nonexistent',
    XDG_CACHE_HOME: join(work, `caches-${(folders += 1)}`),
    GWH_ENVTEST_INDEX: nowhere,
    ...more,
  }
}

function install(folder: string, names = programs): string {
  mkdirSync(folder, { recursive: true })
  for (const name of names) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 })
  return folder
}

test('KUBEBUILDER_ASSETS comes before the cache', async () => {
  const environment = anEnvironment({ KUBEBUILDER_ASSETS: install(join(work, 'assets')) })
  install(cacheFolder(environment))
  assert.deepEqual(await findControlPlane(environment), { folder: join(work, 'assets'), origin: 'KUBEBUILDER_ASSETS' })
})

test('an incomplete KUBEBUILDER_ASSETS is an error that names it, not a reason to take another', () => {
  const environment = anEnvironment({ KUBEBUILDER_ASSETS: install(join(work, 'half'), ['etcd']) })
  install(cacheFolder(environment))
  assert.throws(
    () => installedControlPlane(environment),
    /KUBEBUILDER_ASSETS=.*half lacks one of: kube-apiserver, etcd, kubectl/,
  )
})

test('the cache comes before fetching, and an incomplete one does not count', async () => {
  const environment = anEnvironment()
  const folder = install(cacheFolder(environment), ['etcd', 'kubectl'])
  assert.equal(installedControlPlane(environment), undefined)
  install(folder)
  assert.deepEqual(await findControlPlane(environment), { folder, origin: 'cache' })
})

test('nothing installed, no network and no go: there is none, and nothing is left behind', async () => {
  const environment = anEnvironment()
  assert.equal(await findControlPlane(environment), undefined)
  assert.equal(existsSync(cacheFolder(environment)), false)
})

test('what go would build is the version that the cache is named after', () => {
  const module = readFileSync(join(import.meta.dirname, '../../control-plane/build/go.mod'), 'utf8')
  assert.ok(module.includes(`\tk8s.io/kubernetes v${kubernetesVersion}\n`))
  const staging = [...module.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ v(\S+)$/gm)].map(([, version]) => version)
  assert.ok(staging.length > 25)
  assert.deepEqual(new Set(staging), new Set([kubernetesVersion.replace('1.', '0.')]))
})

describe('the download', () => {
  const archiveName = `envtest-v1.36.9-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}.tar.gz`
  const answers = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    const answer = answers.get(request.url ?? '')
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  let origin = ''

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  /** Publishes an archive with these programs and returns the target that fetches it. */
  function publish(names: string[], hash?: string) {
    const content = join(work, `content-${(folders += 1)}`)
    install(join(content, 'controller-tools', 'envtest'), names)
    execFileSync('tar', ['-czf', join(content, 'archive.tar.gz'), '-C', content, 'controller-tools'])
    const archive = readFileSync(join(content, 'archive.tar.gz'))
    const published = hash ?? createHash('sha512').update(archive).digest('hex')
    answers.set('/archive', archive)
    answers.set(
      '/index.yaml',
      Buffer.from(`releases: {v1.36.9: {${archiveName}: {hash: '${published}', selfLink: '${origin}/archive'}}}`),
    )
    const said: string[] = []
    const environment = anEnvironment({ GWH_ENVTEST_INDEX: `${origin}/index.yaml` })
    const folder = cacheFolder(environment)
    return { said, target: { version: '1.36.3', folder, environment, say: (line: string) => said.push(line) } }
  }

  test('takes the newest patch of the minor version and installs the three programs', async () => {
    const { target } = publish(programs)
    assert.equal(await downloadControlPlane(target), true)
    assert.deepEqual(readdirSync(target.folder).toSorted(), programs.toSorted())
    assert.deepEqual(installedControlPlane(target.environment), { folder: target.folder, origin: 'cache' })
    assert.deepEqual(readdirSync(dirname(target.folder)), [kubernetesVersion], 'no partial folder stays')
  })

  test('installs nothing of an archive that is not the published one', async () => {
    const { said, target } = publish(programs, '0'.repeat(128))
    assert.equal(await downloadControlPlane(target), false)
    assert.match(said.at(-1) ?? '', /SHA-512 of envtest-\S+ is not the published one/)
    assert.equal(existsSync(target.folder), false)
  })

  test('installs nothing of an archive that lacks a program', async () => {
    const { said, target } = publish(['etcd', 'kubectl'])
    assert.equal(await downloadControlPlane(target), false)
    assert.match(said.at(-1) ?? '', /the archive lacks/)
    assert.equal(existsSync(target.folder), false)
  })

  test('says that there is no such index and goes on', async () => {
    const { said, target } = publish(programs)
    answers.delete('/index.yaml')
    assert.equal(await downloadControlPlane(target), false)
    assert.match(said.at(-1) ?? '', /index\.yaml answered 404/)
  })
})

describe('a suite without a control plane', () => {
  const suite = join(work, 'some-suite.test.ts')
  before(() => {
    const support = join(import.meta.dirname, '../../support/processes/real-api-server.ts')
    writeFileSync(
      suite,
      `import { test } from 'node:test'
       import { withRealApiServer } from ${JSON.stringify(support)}
       await withRealApiServer('the suite', () => { test('never runs', () => { throw new Error('it ran') }) })`,
    )
  })
  const run = (more: Environment) =>
    spawnSync(process.execPath, ['--test', '--test-reporter=spec', suite], {
      env: { ...anEnvironment(more) },
      encoding: 'utf8',
    })

  test('is skipped by name and says what to do', () => {
    const { status, stdout } = run({})
    assert.equal(status, 0, stdout)
    assert.match(stdout, /the suite.*# no kube-apiserver: set KUBEBUILDER_ASSETS, or put go on PATH/)
    assert.match(stdout, /skipped 1/)
  })

  test('fails where GWH_REQUIRE_CONTROL_PLANE=1', () => {
    const { status, stdout } = run({ GWH_REQUIRE_CONTROL_PLANE: '1' })
    assert.equal(status, 1)
    assert.match(stdout, /the suite: GWH_REQUIRE_CONTROL_PLANE=1, but no control plane was found/)
  })
})
