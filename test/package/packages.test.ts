import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'

import { transform } from 'esbuild'
import { parse } from 'yaml'

import packageJson from '../../package.json' with { type: 'json' }
import { findControlPlane } from '../control-plane/find-control-plane.ts'
import { readElf } from '../support/measures/read-elf.ts'
import {
  commandsOnFilesWork,
  emptyFolder,
  runInstalled,
  statusWorks,
  type InstalledProgram,
} from '../support/processes/installed-program.ts'

const { version } = packageJson
const npmArchive = `gwh-${version}.tgz`
const archiveOf = (architecture: string) => `gwh-${version}-linux-${architecture}.tar.gz`
const repository = 'https://git.example/gwh'

const out = mkdtempSync(join(tmpdir(), 'gwh-packages-'))
const build = (folder: string) =>
  execFileSync(process.execPath, ['tools/package.ts', `--out=${folder}`, `--repository=${repository}`], {
    encoding: 'utf8',
    stdio: 'pipe',
  })
before(() => build(out))
after(() => rmSync(out, { recursive: true, force: true }))

/** Unpacked in a folder of its own: what a person does with the archive of a platform. */
function unpacked(t: TestContext, architecture: string): string {
  const folder = emptyFolder(t)
  execFileSync('tar', ['-xzf', join(out, archiveOf(architecture)), '-C', folder])
  return folder
}

const onPath = (name: string) =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .filter((path) => existsSync(path))

/** What this machine runs programs of an architecture with. */
function runnerOf(architecture: string): readonly string[] | undefined {
  if (process.arch === architecture) return []
  const emulators = { arm64: ['qemu-aarch64', 'qemu-aarch64-static'], x64: ['qemu-x86_64', 'qemu-x86_64-static'] }
  const [found] = emulators[architecture as keyof typeof emulators].flatMap(onPath)
  return found === undefined ? undefined : [found]
}

function installed(t: TestContext): string {
  const prefix = emptyFolder(t)
  execFileSync('npm', ['install', '--global', `--prefix=${prefix}`, '--offline', join(out, npmArchive)], {
    stdio: 'pipe',
  })
  return prefix
}

describe('the npm package', () => {
  test('installs without a registry, alone, and works', async (t) => {
    const prefix = installed(t)
    const program: InstalledProgram = {
      command: [join(prefix, 'bin/gwh')],
      env: { PATH: dirname(process.execPath) },
    }
    assert.deepEqual(readdirSync(join(prefix, 'lib/node_modules')), ['gwh'])
    const files = readdirSync(join(prefix, 'lib/node_modules/gwh')).toSorted()
    const texts = ['LICENSE', 'README.md', 'THIRD_PARTY_LICENSES']
    assert.deepEqual(files, [...texts, 'gwh.cjs', 'package.json', 'program', 'schemas'])
    commandsOnFilesWork(t, program)
    await statusWorks(t, program)
  })

  test('gives those who take events the types and the schemas', (t) => {
    const folder = join(installed(t), 'lib')
    writeFileSync(
      join(folder, 'worker.mts'),
      `import type { GeminiCloudEvent, GeminiEvent } from 'gwh/events'
       import schema from 'gwh/schemas/cloud-events.schema.json' with { type: 'json' }
       export const title: string = schema.title
       export function take(event: GeminiCloudEvent): GeminiEvent {
         if (event.type === 'com.google.gemini.batch.failed') event.data.data.error_code?.toLowerCase()
         // @ts-expect-error -- only videos have one
         if (event.type === 'com.google.gemini.batch.expired') event.data.data.video_uri
         return event.data
       }`,
    )
    const options = ['--noEmit', '--strict', '--ignoreConfig', '--module', 'nodenext', '--types', '']
    const tsc = spawnSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...options, 'worker.mts'], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.equal(tsc.stdout, '')
    assert.equal(tsc.status, 0, tsc.stderr)
  })

  const older = onPath('node').find((path) => {
    const [major = 0] = execFileSync(path, ['--version'], { encoding: 'utf8' }).slice(1).split('.').map(Number)
    return major < 24
  })
  test('says in one sentence which Node it needs', { skip: !older && 'no Node below 24 on PATH' }, (t) => {
    const program = { command: [older ?? '', join(installed(t), 'bin/gwh')] } as const
    const { status, stdout, stderr } = runInstalled(program, ['status'], out)
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /^gwh needs Node 24\.\d+\.\d+ or newer, and \S+ is v\d+\.\d+\.\d+\.\n$/)
  })

  test('every Node can read its entry: it needs no syntax newer than ES5', async () => {
    const entry = readFileSync('tools/package/npm/gwh.cjs', 'utf8')
    const [asES5, asItIs] = await Promise.all(['es5', 'esnext'].map((target) => transform(entry, { target })))
    assert.equal(asES5?.code, asItIs?.code)
  })
})

for (const [architecture, machine] of [
  ['x64', 62],
  ['arm64', 183],
] as const) {
  describe(`the executable for linux-${architecture}`, () => {
    test('is a program for that machine, with its licences and a Node that has its fuse lit', (t) => {
      const folder = unpacked(t, architecture)
      assert.deepEqual(readdirSync(folder).toSorted(), ['LICENSE', 'THIRD_PARTY_LICENSES', 'gwh'])
      assert.match(readFileSync(join(folder, 'THIRD_PARTY_LICENSES'), 'utf8'), /^=+\nNode\.js v24.*\n=+\n/)
      const file = readFileSync(join(folder, 'gwh'))
      const elf = readElf(file)
      assert.equal(elf.machine, machine)
      assert.ok((elf.notes.get('NODE_SEA_BLOB')?.length ?? 0) > 1024 ** 2)
      assert.ok(file.includes('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1'))
    })

    const runner = runnerOf(architecture)
    const skip = runner === undefined && `no emulator for ${architecture} on PATH`
    test('works without Node and without an environment', { skip }, async (t) => {
      const [first, ...rest] = [...(runner ?? []), join(unpacked(t, architecture), 'gwh')]
      // Where an emulator finds the libraries of the other machine, if it was told.
      const { QEMU_LD_PREFIX } = process.env
      const program: InstalledProgram = {
        command: [first, ...rest],
        ...(QEMU_LD_PREFIX !== undefined && { env: { QEMU_LD_PREFIX } }),
      }
      commandsOnFilesWork(t, program)
      await statusWorks(t, program)
    })
  })
}

test('both executables hold the same program', (t) => {
  const [x64, arm64] = ['x64', 'arm64'].map((architecture) =>
    readElf(readFileSync(join(unpacked(t, architecture), 'gwh'))).notes.get('NODE_SEA_BLOB'),
  )
  assert.ok(x64 && arm64 && x64.equals(arm64))
})

test('kubectl finds the plugin where krew links it, and runs it', async (t) => {
  const binaries = await findControlPlane()
  assert.ok(binaries !== undefined || process.env['GWH_REQUIRE_CONTROL_PLANE'] !== '1', 'no kubectl was found')
  if (binaries === undefined) return t.skip('no kubectl: set KUBEBUILDER_ASSETS')
  const bin = join(emptyFolder(t), 'bin')
  mkdirSync(bin)
  const executable = join(unpacked(t, process.arch), 'gwh')
  symlinkSync(executable, join(bin, 'kubectl-gwh'))
  const kubectl = join(binaries.folder, 'kubectl')
  const list = spawnSync(kubectl, ['plugin', 'list'], { env: { PATH: bin }, encoding: 'utf8' })
  assert.deepEqual([list.status, list.stdout.trim().split('\n').at(-1)], [0, join(bin, 'kubectl-gwh')])
  const program: InstalledProgram = { command: [kubectl, 'gwh'], env: { PATH: bin } }
  commandsOnFilesWork(t, program)
  await statusWorks(t, program, { command: [executable] })
})

test('the krew manifest and the checksums fit the archives', () => {
  const sha256 = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(out, file)))
      .digest('hex')
  const files = [npmArchive, archiveOf('x64'), archiveOf('arm64'), 'gwh.yaml']
  assert.deepEqual(readdirSync(out).toSorted(), ['SHA256SUMS', ...files].toSorted())
  const sums = files.map((file) => `${sha256(file)}  ${file}\n`)
  assert.equal(readFileSync(join(out, 'SHA256SUMS'), 'utf8'), sums.join(''))

  const { metadata, spec } = parse(readFileSync(join(out, 'gwh.yaml'), 'utf8')) as {
    metadata: object
    spec: { version: string; homepage: string; platforms: object[] }
  }
  assert.deepEqual([metadata, spec.version, spec.homepage], [{ name: 'gwh' }, `v${version}`, repository])
  const platform = (arch: string, file: string) => ({
    selector: { matchLabels: { os: 'linux', arch } },
    uri: `${repository}/releases/download/v${version}/${file}`,
    sha256: sha256(file),
    bin: 'gwh',
  })
  assert.deepEqual(spec.platforms, [platform('amd64', archiveOf('x64')), platform('arm64', archiveOf('arm64'))])
})

test('the same sources give the same bytes', (t) => {
  const again = emptyFolder(t)
  build(again)
  for (const file of readdirSync(out))
    assert.ok(readFileSync(join(again, file)).equals(readFileSync(join(out, file))), file)
})
