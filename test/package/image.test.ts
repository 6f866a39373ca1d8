import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { gzipSync } from 'node:zlib'

import packageJson from '../../package.json' with { type: 'json' }
import type { BillOfMaterials } from '../../tools/bill-of-materials.ts'
import { billPath } from '../../tools/image/image-files.ts'
import { withoutSymbols } from '../../tools/image/strip-elf.ts'
import { nodeRelease } from '../../tools/package/node-release.ts'
import { readElf } from '../support/measures/read-elf.ts'

const mebibyte = 1024 ** 2
/** What is pulled may take this much: 44 MiB when this was written, so that nothing large comes in unnoticed. */
const maxPulledMebibytes = 60
/** Unpacked it was 115 MiB, of which Node takes 103 without its symbols: its Unicode data alone some thirty. */
const maxUnpackedMebibytes = 125

const folder = mkdtempSync(join(tmpdir(), 'gwh-image-'))
const root = join(folder, 'root')
const archive = join(folder, 'image.tar')
let layers: Buffer[]
let config: { User: string; Labels: Record<string, string> }

before(() => {
  const labels = ['--label=org.opencontainers.image.source=https://git.example/a=b', '--revision=c0ffee']
  execFileSync(process.execPath, ['tools/build-image.ts', '--no-starts', `--out=${archive}`, ...labels], {
    stdio: 'pipe',
  })
  const tar = (...args: string[]) => execFileSync('tar', ['-xf', archive, ...args], { maxBuffer: 512 * mebibyte })
  const [manifest] = JSON.parse(tar('-O', 'manifest.json').toString()) as { Config: string; Layers: string[] }[]
  config = (JSON.parse(tar('-O', manifest?.Config ?? '').toString()) as { config: typeof config }).config
  layers = (manifest?.Layers ?? []).map((layer) => tar('-O', layer))
  mkdirSync(root)
  for (const layer of layers) execFileSync('tar', ['-xpf', '-', '-C', root], { input: layer })
})
after(() => rmSync(folder, { recursive: true, force: true }))

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const everything = () => globSync('**', { cwd: root, withFileTypes: true })

/** Runs Node in the image as its user. */
const chroot = (...args: string[]) =>
  execFileSync('chroot', ['--userspec=65532:65532', root, '/usr/bin/node', ...args], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  })

describe('the image', () => {
  test('is small, as it is pulled and unpacked', (t) => {
    const unpacked = layers.reduce((sum, { length }) => sum + length, 0) / mebibyte
    const pulled = layers.reduce((sum, layer) => sum + gzipSync(layer).length, 0) / mebibyte
    t.diagnostic(`${pulled.toFixed(1)} MiB pulled, ${unpacked.toFixed(1)} MiB unpacked`)
    assert.ok(pulled < maxPulledMebibytes, `${pulled} MiB pulled`)
    assert.ok(unpacked < maxUnpackedMebibytes, `${unpacked} MiB unpacked`)
  })

  test('runs as a user without rights, named by number, whom nothing in it belongs to', () => {
    assert.equal(config.User, '65532:65532')
    for (const entry of everything()) {
      const { mode, uid } = statSync(join(entry.parentPath, entry.name))
      const path = join(entry.parentPath, entry.name).slice(root.length)
      assert.equal(mode & 0o6000, 0, `${path} gives rights to whom runs it`)
      if (process.getuid?.() === 0) assert.equal(uid, 0, path)
      if (path !== '/tmp') assert.equal(mode & 0o022, 0, `${path} can be written by others`)
    }
  })

  test('holds one program and no shell', () => {
    const names = new Set(everything().map(({ name }) => name))
    assert.deepEqual(globSync('{bin,sbin,usr/bin,usr/sbin,usr/local/bin}/*', { cwd: root }), ['usr/bin/node'])
    for (const shell of ['sh', 'bash', 'dash', 'busybox']) assert.ok(!names.has(shell), shell)
  })

  test('says what it is and where it is from', () => {
    assert.deepEqual(
      ['title', 'version', 'revision', 'source', 'licenses'].map(
        (key) => config.Labels[`org.opencontainers.image.${key}`],
      ),
      [packageJson.name, packageJson.version, 'c0ffee', 'https://git.example/a=b', 'Apache-2.0'],
    )
  })

  test('trusts the authorities that Node trusts, not those of the machine that built it', () => {
    assert.equal(read('etc/ssl/certs/ca-certificates.crt'), `${rootCertificates.join('\n')}\n`)
  })

  test('carries its bill of materials and its licences: packages, Node, and the libraries of the system', () => {
    const { components } = JSON.parse(read(billPath)) as BillOfMaterials
    const versions = new Map(components.map(({ name, version }) => [name, version]))
    assert.equal(versions.get('node'), process.versions.node)
    for (const [name, version] of Object.entries(packageJson.dependencies)) assert.equal(versions.get(name), version)
    const libraries = globSync('lib*/**/*.so*', { cwd: root }).map((path) => readFileSync(join(root, path)))
    assert.ok(libraries.length > 4, `${libraries.length} libraries`)
    const debian = spawnSync('dpkg-query', ['--show', '--showformat=${Version}', 'libc6'], { encoding: 'utf8' })
    if (debian.status === 0) assert.equal(versions.get('libc6'), debian.stdout)
    else {
      const listed = new Set(components.flatMap(({ hashes = [] }) => hashes.map(({ content }) => content)))
      for (const library of libraries) assert.ok(listed.has(createHash('sha256').update(library).digest('hex')))
    }
    const licenses = read('licenses/THIRD_PARTY_LICENSES')
    for (const title of ['fastify 5', 'Node.js v24', ...(debian.status === 0 ? ['libc6 '] : [])])
      assert.ok(licenses.includes(`\n${title}`), title)
    assert.equal(read('licenses/LICENSE'), readFileSync('LICENSE', 'utf8'))
  })

  const skip = process.getuid?.() !== 0 && 'only root may change its root folder'
  test('starts with what is in it and nothing else', { skip }, () => {
    assert.equal(chroot('/app/gwh.mjs', '--version'), `${packageJson.version}\n`)
    const trace = 'console.log(process.report.getReport().nativeStack[0].symbol, process.versions.node)'
    assert.equal(
      chroot('--eval', trace).replace(/\(.*\] /, ''),
      `node::GetNodeReport${process.versions.node}\n`,
      'without symbols for a linker a native stack still has names',
    )
  })
})

describe('Node without symbols', () => {
  for (const architecture of ['x64', 'arm64'] as const) {
    test(`is every byte that is loaded of Node for ${architecture}, and 15 MiB less`, () => {
      const whole = readFileSync(nodeRelease(architecture).binary)
      const stripped = withoutSymbols(whole)
      assert.ok(whole.length - stripped.length > 15 * mebibyte, `${whole.length} to ${stripped.length} bytes`)
      const afterHeader = 64
      assert.ok(whole.subarray(afterHeader, stripped.length).equals(stripped.subarray(afterHeader)))
      assert.deepEqual(readElf(stripped), readElf(whole))
    })
  }

  test('of something else is refused', () => {
    assert.throws(() => withoutSymbols(Buffer.from('#!/bin/sh\n')), /no 64-bit little-endian ELF file/)
  })
})
