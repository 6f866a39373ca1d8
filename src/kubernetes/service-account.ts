import { existsSync, readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'

import type { CredentialOrigin } from './credentials.ts'

/**
 * How a pod reaches the API server as its service account:
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
export interface PodAccess {
  host: string
  port: string
  /** Where its files are mounted; given by tests only. */
  folder?: string
}

const mountedAt = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * undefined: no token is mounted. The kubelet replaces the files well before they expire; each read takes the newest.
 */
export function openServiceAccount({ host, port, folder = mountedAt }: PodAccess): CredentialOrigin | undefined {
  const tokenFile = join(folder, 'token')
  if (!existsSync(tokenFile)) return undefined
  const server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`)
  return {
    async read() {
      const ca = readFileSync(join(folder, 'ca.crt'), 'utf8')
      const token = readFileSync(tokenFile, 'utf8').trim()
      if (token === '') throw new Error(`${tokenFile}: is empty; there is no token of the service account`)
      return { server, tls: { ca }, headers: { authorization: `Bearer ${token}` } }
    },
  }
}
