import { createHash } from 'node:crypto'

import { entrypoint } from './entrypoint.ts'
import { tarOf } from './tar.ts'

export interface ImageOptions {
  /** registry/name:tag */
  name: string
  architecture: 'amd64' | 'arm64'
  labels: Record<string, string>
  /** Uncompressed tar archives, the lowest first. */
  layers: readonly Buffer[]
}

const layerPath = (digest: string) => `${digest}/layer.tar`
const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex')

/**
 * An image as `docker load` and `ctr images import` read it, with the same configuration as the Dockerfile gives. The
 * same input gives the same bytes.
 */
export function dockerArchive({ name, architecture, labels, layers }: ImageOptions): Buffer {
  const named = layers.map((content) => ({ digest: sha256(content), content }))
  const config = JSON.stringify({
    architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      Entrypoint: entrypoint,
      User: '65532:65532',
      Env: ['NODE_ENV=production', 'PATH=/usr/bin:/bin'],
      ExposedPorts: { '8080/tcp': {}, '9090/tcp': {} },
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: named.map(({ digest }) => `sha256:${digest}`) },
  })
  const configPath = `${sha256(config)}.json`
  const manifest = [{ Config: configPath, RepoTags: [name], Layers: named.map(({ digest }) => layerPath(digest)) }]
  return tarOf([
    { path: configPath, mode: 0o644, content: Buffer.from(config) },
    { path: 'manifest.json', mode: 0o644, content: Buffer.from(JSON.stringify(manifest)) },
    ...named.map(({ digest, content }) => ({ path: layerPath(digest), mode: 0o644, content })),
  ])
}
