import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { dockerArchive } from '../../../tools/image/docker-archive.ts'
import { imageLabels } from '../../../tools/image/labels.ts'
import { foldersOf, tarOf } from '../../../tools/image/tar.ts'

const layer = tarOf([
  { path: 'app/gwh.mjs', mode: 0o755, content: Buffer.from('program') },
  { path: 'tmp/', mode: 0o1777 },
  { path: 'lib', mode: 0o777, link: 'usr/lib' },
  ...foldersOf(['app/gwh.mjs']),
])
const image = dockerArchive({
  name: 'docker.io/local/gwh:1',
  architecture: 'amd64',
  labels: { a: 'b' },
  layers: [layer],
})
const tar = (archive: Buffer, ...args: string[]) => execFileSync('tar', args, { input: archive, encoding: 'utf8' })

/** How the Dockerfile starts the program. */
function entrypoint(): unknown {
  const [, command = ''] = /^ENTRYPOINT (.+)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? []
  return JSON.parse(command)
}

test('the system tar reads what is written, folders before their files', () => {
  const lines = tar(layer, '-tvf', '-').trim().split('\n')
  assert.deepEqual(
    lines.map((line) => `${line.slice(0, 10)} ${line.split(/\s+/).slice(5).join(' ')}`),
    ['drwxr-xr-x app/', '-rwxr-xr-x app/gwh.mjs', 'lrwxrwxrwx lib -> usr/lib', 'drwxrwxrwt tmp/'],
  )
  assert.equal(tar(layer, '-xOf', '-', 'app/gwh.mjs'), 'program')
})

test('the manifest leads to a configuration that runs the program as a user without rights', () => {
  const [entry] = JSON.parse(tar(image, '-xOf', '-', 'manifest.json')) as {
    Config: string
    RepoTags: string[]
    Layers: string[]
  }[]
  assert.deepEqual(entry?.RepoTags, ['docker.io/local/gwh:1'])
  const text = tar(image, '-xOf', '-', entry?.Config ?? '')
  assert.equal(entry?.Config, `${createHash('sha256').update(text).digest('hex')}.json`)
  const { config, rootfs } = JSON.parse(text) as {
    config: { User: string; Entrypoint: string[] }
    rootfs: { diff_ids: string[] }
  }
  assert.deepEqual([config.User, config.Entrypoint], ['65532:65532', entrypoint()])
  const digest = createHash('sha256').update(layer).digest('hex')
  assert.deepEqual([rootfs.diff_ids, entry?.Layers], [[`sha256:${digest}`], [`${digest}/layer.tar`]])
})

test('the same content gives the same bytes', () => {
  assert.deepEqual(
    dockerArchive({ name: 'docker.io/local/gwh:1', architecture: 'amd64', labels: { a: 'b' }, layers: [layer] }),
    image,
  )
})

test('a path that no header can hold is refused, not cut', () => {
  assert.throws(() => tarOf([{ path: 'x'.repeat(101), mode: 0o644 }]), /longer than the 100 bytes/)
})

test('the Dockerfile says of the image what the image without an engine says of itself', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const labels = [...dockerfile.matchAll(/(org\.opencontainers\.image\.\w+)="(.*)"/g)].map(([, key, value]) => [
    key,
    value,
  ])
  assert.deepEqual(Object.fromEntries(labels), imageLabels({ version: '${VERSION}', revision: '${REVISION}' }))
  const [, user = ''] = /^USER (.+)$/m.exec(dockerfile) ?? []
  const [, path = ''] = /^ENV NODE_ENV=production (PATH=\S+)$/m.exec(dockerfile) ?? []
  const ports = /^EXPOSE (.+)$/m.exec(dockerfile)?.[1]?.split(' ') ?? []
  const [entry] = JSON.parse(tar(image, '-xOf', '-', 'manifest.json')) as { Config: string }[]
  const { config } = JSON.parse(tar(image, '-xOf', '-', entry?.Config ?? '')) as {
    config: { User: string; Env: string[]; ExposedPorts: object }
  }
  assert.deepEqual([user, ['NODE_ENV=production', path]], [config.User, config.Env])
  assert.deepEqual(
    ports.map((port) => `${port}/tcp`),
    Object.keys(config.ExposedPorts),
  )
})

test('a release adds where the image is from and when its commit was made', () => {
  const facts = {
    version: '1.2.3',
    revision: 'c0ffee',
    source: 'https://git.example/gwh',
    created: '2026-01-02T03:04:05Z',
  }
  const {
    title: _,
    description: __,
    licenses: ___,
    ...rest
  } = Object.fromEntries(
    Object.entries(imageLabels(facts)).map(([key, value]) => [key.replace('org.opencontainers.image.', ''), value]),
  )
  assert.deepEqual(rest, { ...facts, documentation: 'https://git.example/gwh/blob/v1.2.3/README.md' })
})
