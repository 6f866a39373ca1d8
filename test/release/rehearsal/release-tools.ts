import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const sources = resolve('test/release/tools')
const packages = ['github.com/sigstore/cosign/v3/cmd/cosign', 'github.com/google/go-containerregistry/cmd/crane']

/**
 * The folder with cosign and crane, which brings a registry, built from their published modules, whose checksums
 * stand in go.sum; minutes of work once, then kept. The reason why not, where there is no Go.
 */
export function findReleaseTools(env: NodeJS.ProcessEnv): { folder: string } | { missing: string } {
  const sums = createHash('sha256')
    .update(readFileSync(join(sources, 'go.sum')))
    .digest('hex')
    .slice(0, 16)
  const cache = env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, `gwh-release-tools-${sums}`)
  if (existsSync(folder)) return { folder }
  const go = spawnSync('go', ['version'], { encoding: 'utf8' })
  if (go.status !== 0) return { missing: 'go is not on PATH, and cosign and crane are built with it' }
  mkdirSync(dirname(folder), { recursive: true })
  const staging = mkdtempSync(`${folder}.partial-`)
  process.stderr.write(`Building cosign and crane with ${go.stdout.trim()}; some minutes, once ...\n`)
  const options = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w']
  const built = spawnSync('go', ['build', ...options, '-o', `${staging}/`, ...packages], {
    cwd: sources,
    env: { ...env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (built.status !== 0) {
    rmSync(staging, { recursive: true })
    return { missing: `go build ended with ${String(built.status)}` }
  }
  renameSync(staging, folder)
  return { folder }
}

export interface SigningKey {
  publicKey: string
  /** A folder for PATH: programs of the workflow, told what they would know on GitHub. */
  programs: string
}

const noServices = { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json', rekorTlogUrls: [], tsaUrls: [] }

/**
 * Stands between the workflow and the real programs: cosign signs with a key of this folder and tells no public log,
 * helm speaks http to this machine, npm finds everything installed, gh keeps the release in `$REHEARSAL_ARTIFACTS`.
 */
export function writePrograms(folder: string, tools: Record<'cosign' | 'crane' | 'helm', string>): SigningKey {
  const programs = join(folder, 'programs')
  mkdirSync(programs, { recursive: true })
  const made = spawnSync(tools.cosign, ['generate-key-pair', '--output-key-prefix=local'], {
    cwd: folder,
    env: { HOME: folder, COSIGN_PASSWORD: '' },
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`cosign generate-key-pair: ${made.stderr}`)
  const [key, publicKey, services] = ['local.key', 'local.pub', 'services.json'].map((file) => join(folder, file))
  writeFileSync(services ?? '', JSON.stringify(noServices))
  const path = process.env['PATH'] ?? ''
  const program = (name: string, ...lines: string[]) =>
    writeFileSync(join(programs, name), ['#!/usr/bin/env bash', 'set -euo pipefail', ...lines, ''].join('\n'), {
      mode: 0o755,
    })
  program(
    'cosign',
    'export COSIGN_PASSWORD=',
    'command=$1; shift',
    `exec '${tools.cosign}' "$command" --key '${key}' --signing-config '${services}' "$@"`,
  )
  program('crane', `exec '${tools.crane}' "$@"`)
  program(
    'helm',
    'for each in "$@"; do [[ $each != oci://127.0.0.1:* ]] || set -- "$@" --plain-http; done',
    `exec "\${REHEARSAL_HELM:-${tools.helm}}" "$@"`,
  )
  program(
    'npm',
    'if [ "$1" = ci ]; then echo "npm ci: what is installed is used"; exit 0; fi',
    `PATH='${resolve('node_modules/.bin')}:${programs}:${path}'`,
    `export PATH`,
    'for each in $(type -ap npm); do [ "$each" -ef "$0" ] || exec "$each" "$@"; done',
  )
  program(
    'gh',
    'case "$1 $2" in',
    '"run download") [ "$4" = --dir ]; mkdir -p "$5"; cp -r "$REHEARSAL_ARTIFACTS"/. "$5" ;;',
    '"release create")',
    '  release=$REHEARSAL_ARTIFACTS/../release; mkdir -p "$release"; printf "%s\\n" "$@" > "$release/arguments"',
    '  for each in "$@"; do [ ! -f "$each" ] || cp "$each" "$release/"; done ;;',
    '*) echo "gh $*: the rehearsal does not know this command" >&2; exit 1 ;;',
    'esac',
  )
  return { publicKey: publicKey ?? '', programs }
}
