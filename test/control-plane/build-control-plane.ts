import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

import type { ControlPlaneTarget } from './control-plane-target.ts'

const sources = join(import.meta.dirname, 'build')
const progressEveryMs = 15_000

/**
 * Builds one multi-call binary from the published Go modules, whose checksums stand in build/go.sum. Takes minutes on
 * two cores and runs at the lowest priority. false, with the reason said, where there is no `go` or the build fails.
 */
export async function buildControlPlane(target: ControlPlaneTarget): Promise<boolean> {
  const { version, folder, environment, say } = target
  const go = spawnSync('go', ['version'], { encoding: 'utf8', env: { ...environment } })
  if (go.status !== 0) {
    say('no build (go is not on PATH)')
    return false
  }
  mkdirSync(dirname(folder), { recursive: true })
  const staging = mkdtempSync(`${folder}.partial-`)
  try {
    say(`building Kubernetes ${version} with ${go.stdout.trim()}; a few minutes, once`)
    const failure = await compile(target, join(staging, 'kube'))
    if (failure !== undefined) {
      say(`no build (${failure})`)
      return false
    }
    for (const name of ['kube-apiserver', 'etcd', 'kubectl']) symlinkSync('kube', join(staging, name))
    rmSync(folder, { recursive: true, force: true })
    renameSync(staging, folder)
    say(`built into ${folder}`)
    return true
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** Resolves to undefined when the binary stands at `output`, else to what went wrong. */
async function compile({ version, environment, say }: ControlPlaneTarget, output: string): Promise<string | undefined> {
  const [major = '', minor = ''] = version.split('.')
  const stamp = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor }
  const settings = Object.entries(stamp).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)
  const child = spawn(
    'go',
    ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags', ['-s', '-w', ...settings].join(' '), '-o', output, '.'],
    { cwd: sources, env: { ...environment, CGO_ENABLED: '0' }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  const stop = () => void child.kill()
  process.once('exit', stop)
  let compiled = 0
  const lastLines: string[] = []
  const progress = setInterval(() => say(`${compiled} of about 2,300 packages compiled`), progressEveryMs)
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!line.startsWith('go: ')) compiled += 1
    lastLines.push(line)
    if (lastLines.length > 20) lastLines.shift()
  })
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', resolve)
  })
  clearInterval(progress)
  process.off('exit', stop)
  return code === 0 ? undefined : `go build ended with ${code}:\n${lastLines.join('\n')}`
}
