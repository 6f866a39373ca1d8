import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { buildControlPlane } from './build-control-plane.ts'
import { downloadControlPlane } from './download-control-plane.ts'
import type { Environment } from './control-plane-target.ts'

/** The Kubernetes that the tests are meant for; build/go.mod builds the same one. */
export const kubernetesVersion = '1.36.3'

/** A folder with kube-apiserver, etcd and kubectl. */
export interface ControlPlaneBinaries {
  folder: string
  origin: 'KUBEBUILDER_ASSETS' | 'cache' | 'download' | 'build'
}

const programs = ['kube-apiserver', 'etcd', 'kubectl']

/** Where downloaded or built programs are kept between runs, for all checkouts of one user. */
export function cacheFolder(environment: Environment): string {
  const caches =
    environment['XDG_CACHE_HOME'] ??
    (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'))
  return join(caches, 'gemini-webhook-operator', 'control-plane', kubernetesVersion)
}

/** What is there already, without fetching or building anything: for tests that use kubectl if it happens to exist. */
export function installedControlPlane(environment: Environment = process.env): ControlPlaneBinaries | undefined {
  const given = environment['KUBEBUILDER_ASSETS']
  if (given !== undefined && given !== '') {
    if (!isComplete(given)) throw new Error(`KUBEBUILDER_ASSETS=${given} lacks one of: ${programs.join(', ')}`)
    return { folder: given, origin: 'KUBEBUILDER_ASSETS' }
  }
  const cached = cacheFolder(environment)
  return isComplete(cached) ? { folder: cached, origin: 'cache' } : undefined
}

/**
 * Finds kube-apiserver, etcd and kubectl: KUBEBUILDER_ASSETS; the cache; the official archive by download; built from
 * the published Go modules where `go` is on PATH (minutes, once). undefined: none of these worked, and the reasons
 * stand on stderr.
 */
export async function findControlPlane(
  environment: Environment = process.env,
): Promise<ControlPlaneBinaries | undefined> {
  const installed = installedControlPlane(environment)
  if (installed !== undefined) return installed
  const folder = cacheFolder(environment)
  const target = { version: kubernetesVersion, folder, environment, say }
  if (await downloadControlPlane(target)) return { folder, origin: 'download' }
  if (await buildControlPlane(target)) return { folder, origin: 'build' }
  return undefined
}

function isComplete(folder: string): boolean {
  return programs.every((program) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function say(message: string): void {
  process.stderr.write(`control plane: ${message}\n`)
}
