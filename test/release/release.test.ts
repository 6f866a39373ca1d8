import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'

import packageJson from '../../package.json' with { type: 'json' }
import type { BillOfMaterials } from '../../tools/bill-of-materials.ts'
import { findHelms } from '../../tools/helm.ts'
import { imageLabels } from '../../tools/image/labels.ts'
import { blocksOf } from '../support/measures/page-commands.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { startLocalRegistry, type LocalRegistry } from './rehearsal/local-registry.ts'
import { copyPackages, prepareRepository, rehearse, type Rehearsal } from './rehearsal/rehearse.ts'
import { findReleaseTools, writePrograms, type SigningKey } from './rehearsal/release-tools.ts'

/**
 * The release workflow, as far as it can be run without GitHub: its scripts as they are, its actions by stand-ins, a
 * registry on this machine, a key in place of GitHub's identity. Then the part of a person who has the release: verify,
 * pull by digest, install.
 */
const { version } = packageJson
const owner = 'example'
const repository = `${owner}/gemini-webhook-operator`
const server = 'https://git.example'
const namespace = 'gemini-webhook-system'
const page = 'docs/verify-release.md'

const tools = findReleaseTools(process.env)
const helms = findHelms(process.env)
const missing = [
  'missing' in tools && tools.missing,
  helms.size === 0 && 'helm is not on PATH or in HELM_BIN_DIR',
  process.platform !== 'linux' && 'images are built on Linux',
].filter((reason) => reason !== false)
if (missing.length > 0 && process.env['GWH_REQUIRE_RELEASE'] === '1')
  throw new Error(`GWH_REQUIRE_RELEASE=1, but ${missing.join(', and ')}`)
const skip = missing.length > 0 && missing.join('; ')
const toolFolder = 'folder' in tools ? tools.folder : ''

const folder = mkdtempSync(join(tmpdir(), 'gwh-release-'))
let registry: LocalRegistry
let key: SigningKey
let rehearsal: Rehearsal
let commit: string
/** By digest. */
let image: string
let chart: string

before(async () => {
  if (skip !== false) return
  registry = await startLocalRegistry(join(toolFolder, 'crane'), join(folder, 'registry.log'))
  key = writePrograms(folder, {
    cosign: join(toolFolder, 'cosign'),
    crane: join(toolFolder, 'crane'),
    helm: helms.get(4) ?? helms.get(3) ?? '',
  })
  const source = join(folder, 'repository')
  commit = prepareRepository(resolve('.'), source, version)
  copyPackages(folder)
  rehearsal = rehearse({
    workflow: '.github/workflows/release.yaml',
    repository: source,
    registry: registry.address,
    programs: [key.programs, resolve('node_modules/.bin')],
    folder,
    github: { ref_name: `v${version}`, repository, repository_owner: owner, server_url: server, run_id: '1' },
  })
  image = `${registry.address}/${repository}@${rehearsal.outputs['image']?.['digest'] ?? ''}`
  const pushed = rehearsal.steps.find(({ title }) => title.endsWith('push it'))?.output ?? ''
  chart = `${registry.address}/${owner}/charts/gemini-webhook-operator@${/^Digest: (sha256:\w+)$/m.exec(pushed)?.[1] ?? ''}`
})
after(async () => {
  await registry?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs cosign or crane, as they are; answers standard output, throws with what they said. */
function run(name: 'cosign' | 'crane', ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(toolFolder, name), args, {
    cwd: folder,
    env: { HOME: folder, COSIGN_PASSWORD: '' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  })
  if (status !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${String(status)}:\n${stderr}${stdout}`)
  return stdout
}

const signedWith = (publicKey: string) => [`--key=${publicKey}`, '--insecure-ignore-tlog=true']
const digestOf = (reference: string) => reference.split('@')[1] ?? ''

interface Statement<T> {
  subject: { digest: { sha256: string } }[]
  predicate: T
}
/** What was said about an image or a chart and signed. */
function statementOf<T>(type: string, subject: string): Statement<T> {
  const answer = run('cosign', 'verify-attestation', ...signedWith(key.publicKey), `--type=${type}`, subject)
  const { payload } = JSON.parse(answer.trim().split('\n').at(-1) ?? '') as { payload: string }
  return JSON.parse(Buffer.from(payload, 'base64').toString()) as Statement<T>
}

describe('a release, rehearsed', { skip }, () => {
  test('every job of the workflow comes to its end', (t) => {
    for (const { job, title, note } of rehearsal.steps)
      t.diagnostic(`${job}: ${title}${note === undefined ? '' : ` (${note})`}`)
    const scripts = rehearsal.steps.filter(({ output }) => output !== undefined)
    assert.ok(scripts.length >= 9, `${scripts.length} scripts`)
    for (const reference of [image, chart]) assert.match(digestOf(reference), /^sha256:[0-9a-f]{64}$/)
    assert.equal(run('crane', 'digest', `${image.split('@')[0]}:${version}`).trim(), digestOf(image))
  })

  test('what the image says of itself stands in its labels and, for registries, at its manifest', () => {
    const created = execFileSync('git', ['show', '--no-patch', '--format=%cI', commit], {
      cwd: join(folder, 'repository'),
      encoding: 'utf8',
    })
    const said = imageLabels({ version, revision: commit, source: `${server}/${repository}`, created: created.trim() })
    const { config } = JSON.parse(run('crane', 'config', image)) as { config: { Labels: object; User: string } }
    assert.deepEqual([config.Labels, config.User], [said, '65532:65532'])
    const { manifests } = JSON.parse(run('crane', 'manifest', image)) as { manifests: { digest: string }[] }
    const [ofThisMachine] = manifests
    const manifest = run('crane', 'manifest', `${image.split('@')[0]}@${ofThisMachine?.digest ?? ''}`)
    assert.deepEqual((JSON.parse(manifest) as { annotations: object }).annotations, said)
  })

  test('image and chart carry provenance: about their digests, from this commit, by this workflow', () => {
    for (const subject of [image, chart]) {
      const statement = statementOf<{
        buildDefinition: {
          externalParameters: { workflow: { path: string } }
          resolvedDependencies: { digest: { gitCommit: string } }[]
        }
      }>('slsaprovenance1', subject)
      assert.deepEqual(
        statement.subject.map(({ digest }) => `sha256:${digest.sha256}`),
        [digestOf(subject)],
      )
      const { externalParameters, resolvedDependencies } = statement.predicate.buildDefinition
      assert.equal(externalParameters.workflow.path, '.github/workflows/release.yaml')
      assert.deepEqual(
        resolvedDependencies.map(({ digest }) => digest),
        [{ gitCommit: commit }],
      )
    }
  })

  test('the bill of materials beside the image names the packages in it', () => {
    const { predicate } = statementOf<BillOfMaterials>('cyclonedx', image)
    const names = new Set(predicate.components.map(({ name }) => name))
    for (const name of Object.keys(packageJson.dependencies)) assert.ok(names.has(name), name)
  })

  test('nothing else verifies: not by another key, not what nobody has signed', () => {
    run('cosign', 'generate-key-pair', '--output-key-prefix=other')
    const unsigned = run(
      'crane',
      'mutate',
      image,
      '--label=changed=yes',
      '--tag',
      `${image.split('@')[0]}:changed`,
    ).trim()
    for (const reference of [image, chart]) {
      run('cosign', 'verify', ...signedWith(key.publicKey), reference)
      assert.throws(
        () => run('cosign', 'verify', ...signedWith('other.pub'), reference),
        /no matching signatures|failed to verify/,
      )
    }
    assert.throws(() => run('cosign', 'verify', ...signedWith(key.publicKey), unsigned), /no signatures found/)
  })

  test('the assets fit each other: manifests with the digest of the image, checksums, notes of this version', () => {
    const assets = join(folder, 'release')
    const [, , tag, ...args] = readFileSync(join(assets, 'arguments'), 'utf8').split('\n')
    assert.equal(tag, `v${version}`)
    assert.ok(args.includes('--verify-tag'))
    assert.ok(readFileSync(join(assets, 'install.yaml'), 'utf8').includes(image))
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: assets, stdio: 'pipe' })
    for (const file of [
      `gemini-webhook-operator-${version}.tgz`,
      'sbom.cdx.json',
      ...globSync('*.yaml', { cwd: 'crds' }),
    ])
      assert.ok(existsSync(join(assets, file)), file)
    assert.ok(readFileSync(join(assets, 'notes.md'), 'utf8').trim().length > 100)
  })

  test('a file of the commands carries provenance, too', () => {
    const file = join(folder, 'release', `gwh-${version}.tgz`)
    const bundle = join(folder, `gwh-${version}.tgz.sigstore.json`)
    const verify = [
      'verify-blob-attestation',
      ...signedWith(key.publicKey),
      '--type=slsaprovenance1',
      '--bundle',
      bundle,
    ]
    run('cosign', ...verify, file)
    assert.throws(() => run('cosign', ...verify, join(folder, 'release', 'SHA256SUMS')))
  })

  const notRoot = process.getuid?.() !== 0 && 'only root may change its root folder'
  test('the image, pulled by its digest, unpacks and starts', { skip: notRoot }, () => {
    const root = join(folder, 'root')
    mkdirSync(root)
    run('crane', 'export', image, 'pulled.tar')
    execFileSync('tar', ['-xpf', join(folder, 'pulled.tar'), '-C', root])
    const { config } = JSON.parse(run('crane', 'config', image)) as { config: { Entrypoint: string[]; Env: string[] } }
    const environment = Object.fromEntries(config.Env.map((line) => line.split('='))) as Record<string, string>
    const command = ['--userspec=65532:65532', root, ...config.Entrypoint, '--version']
    const said = execFileSync('/usr/sbin/chroot', command, { encoding: 'utf8', env: environment })
    assert.equal(said, `${version}\n`)
  })
})

/** Signed with GitHub's identity there, with a key here. */
const isGithubs = (text: string) => text.includes('token.actions.githubusercontent.com')

/** All commands of the page as somebody runs them who has a registry here and a public key. */
function pageScript(): string {
  const blocks = blocksOf(page).map(({ text }) => text)
  assert.deepEqual([blocks.length, blocks.filter(isGithubs).length], [9, 1])
  const script = blocks.filter((text) => !isGithubs(text)).join('\n')
  assert.ok(script.includes(`:${version}"`), 'the page is about this version')
  return script
    .replaceAll('ghcr.io/OWNER/REPOSITORY', `${registry.address}/${repository}`)
    .replaceAll('ghcr.io/OWNER/', `${registry.address}/${owner}/`)
}

if (skip === false) {
  void withRealApiServer(`the commands of ${page}, on a real API server`, (control) => {
    for (const [major, helm] of helms) {
      test(`verify, and install what was pulled by digest with Helm ${major}, at last from a mirror`, () => {
        const { kubeconfigPath, kubectlPath } = control()
        const work = mkdtempSync(join(folder, 'page-'))
        copyFileSync(key.publicKey, join(work, 'cosign.pub'))
        const env = {
          HOME: work,
          PATH: [toolFolder, key.programs, process.env['PATH'] ?? ''].join(delimiter),
          KUBECONFIG: kubeconfigPath,
          MIRROR: `${registry.address}/mirror-${major}`,
          REHEARSAL_HELM: helm,
        }
        const imagesOf = () => {
          const query = ['--namespace', namespace, 'get', 'deployments,statefulsets', '--output', 'json']
          const list = execFileSync(kubectlPath, query, { encoding: 'utf8', env })
          return [...new Set([...list.matchAll(/"image": "(.+)"/g)].map(([, name]) => name))]
        }
        const script = pageScript()
        const verified = script.slice(0, script.indexOf('\ncrane copy '))
        const bash = (script: string) => {
          const options = { cwd: work, env, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 } as const
          const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], options)
          assert.equal(status, 0, `${stderr}\n${stdout}`)
          return stdout
        }
        assert.match(bash(verified), new RegExp(`"gitCommit": "${commit}"`))
        assert.deepEqual(imagesOf(), [image])
        for (const file of ['sbom.cdx.json', 'usr/share/sbom/gemini-webhook-operator.cdx.json', 'licenses/LICENSE'])
          assert.ok(existsSync(join(work, file)), file)
        bash(script)
        assert.deepEqual(imagesOf(), [`${env.MIRROR}/gemini-webhook-operator@${digestOf(image)}`])
        execFileSync(helm, ['uninstall', 'gemini-webhook-operator', '--namespace', namespace], { env, stdio: 'pipe' })
      })
    }
  })
}
