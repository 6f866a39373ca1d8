import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'

import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'

import type { Credentials, CredentialOrigin, TlsMaterial } from './credentials.ts'

export interface KubeconfigPlace {
  /** Absent: `KUBECONFIG`, `~/.kube/config`, else the pod's service account. */
  kubeconfigPath?: string
  context?: string
  /** The user to act as; what the kubeconfig says where it is absent. */
  impersonate?: string
}

/**
 * Reads a kubeconfig with the official client's loader: files, in-cluster, exec plugins, OIDC, client certificates.
 * Throws when there is none.
 */
export function openKubeconfig(place: KubeconfigPlace): CredentialOrigin {
  let config: KubeConfig | undefined
  return {
    async read(fresh) {
      // An exec plugin or OIDC provider caches inside its KubeConfig until its token expires: kept, unless the token
      // was refused.
      if (config === undefined || fresh || !hasPlugin(config)) config = loadConfig(place)
      return readCredentials(config)
    },
  }
}

/** Throws when there is no such context, or the file is none; never with what is in it. */
export function loadConfig({ kubeconfigPath, context, impersonate }: KubeconfigPlace): KubeConfig {
  const config = readConfig(kubeconfigPath)
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name)
      throw new Error(`kubeconfig has no context "${context}"; it has: ${known.join(', ') || 'none'}`)
    }
    config.setCurrentContext(context)
  }
  if (impersonate !== undefined) applyImpersonation(config, impersonate)
  return config
}

function readConfig(kubeconfigPath: string | undefined): KubeConfig {
  const config = new KubeConfig()
  try {
    if (kubeconfigPath === undefined) config.loadFromDefault()
    else {
      config.loadFromFile(kubeconfigPath)
      applyTokenFiles(config, kubeconfigPath)
    }
    return config
  } catch (error) {
    const file = kubeconfigPath === undefined ? 'kubeconfig' : `kubeconfig ${kubeconfigPath}`
    // Without the error as the cause: parsers quote the lines around a fault, and with them tokens and keys.
    throw new Error(`${file}: ${whatIsWrong(error)}`) // oxlint-disable-line preserve-caught-error
  }
}

/** Pure. */
function whatIsWrong(error: unknown): string {
  if (!(error instanceof Error)) return notKubeconfig
  if ('syscall' in error && 'code' in error) return `cannot be read (${String(error.code)})`
  const { mark } = error as { mark?: { line?: unknown } }
  return typeof mark?.line === 'number' ? `line ${mark.line + 1} is not YAML as it should be` : notKubeconfig
}

const notKubeconfig = 'is not a kubeconfig; "kubectl config view" shows what it should look like'

/** Throws where the context names no user who could act as another. */
function applyImpersonation(config: KubeConfig, impersonateUser: string): void {
  const current = config.getCurrentUser()
  if (current === null) throw new Error('kubeconfig names no user for its context, who could act as another')
  config.users = config.users.map((user) => (user.name === current.name ? { ...user, impersonateUser } : user))
}

/** The loader looks for `token-file`; the field that kubectl and kubeadm write is `tokenFile`. */
function applyTokenFiles(config: KubeConfig, kubeconfigPath: string): void {
  const raw = parse(readFileSync(kubeconfigPath, 'utf8')) as {
    users?: { name?: string; user?: { tokenFile?: string } | null }[] | null
  } | null
  for (const { name, user } of raw?.users ?? []) {
    if (name === undefined || typeof user?.tokenFile !== 'string') continue
    const index = config.users.findIndex((other) => other.name === name)
    const loaded = config.users[index]
    if (loaded === undefined || loaded.token) continue
    const tokenFile = resolve(dirname(kubeconfigPath), user.tokenFile)
    config.users[index] = { ...loaded, authProvider: { name: 'tokenFile', config: { tokenFile } } }
  }
}

function hasPlugin(config: KubeConfig): boolean {
  const user = config.getCurrentUser()
  return user?.exec !== undefined || (user?.authProvider !== undefined && user.authProvider.name !== 'tokenFile')
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const cluster = config.getCurrentCluster()
  if (cluster === null) {
    throw new Error('kubeconfig names no cluster for its current context; set current-context or pass a context')
  }
  const server = URL.parse(cluster.server)
  if (server === null) throw new Error(`kubeconfig: the server of cluster "${cluster.name}" is not a URL`)
  if (server.protocol === 'http:' && !cluster.skipTLSVerify) {
    throw new Error(
      `Kubernetes API server ${server.origin} is plain http; set insecure-skip-tls-verify in the kubeconfig if that is meant. ` +
        'Without any kubeconfig this address is the fallback: pass a kubeconfig, or run in a cluster.',
    )
  }
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  return {
    server,
    ...(cluster.proxyUrl !== undefined && cluster.proxyUrl !== null && { proxyUrl: cluster.proxyUrl }),
    tls: tlsMaterialOf(options),
    headers: headersOf(options),
  }
}

function tlsMaterialOf(options: RequestOptions): TlsMaterial {
  const tls: TlsMaterial = {}
  if (options.ca !== undefined) tls.ca = pemOf(options.ca)
  if (options.cert !== undefined) tls.cert = pemOf(options.cert)
  if (options.key !== undefined) tls.key = pemOf(options.key)
  if (options.servername !== undefined) tls.servername = options.servername
  if (options.rejectUnauthorized !== undefined) tls.rejectUnauthorized = options.rejectUnauthorized
  return tls
}

/**
 * The loader gives a Buffer for files and inline data, a string from exec plugins; never the lists that the type
 * allows.
 */
function pemOf(material: unknown): string {
  if (typeof material === 'string') return material
  if (Buffer.isBuffer(material)) return material.toString('utf8')
  throw new TypeError('kubeconfig: certificate material in an unexpected form; give one PEM file or inline data')
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  if (options.headers !== undefined && !Array.isArray(options.headers)) {
    for (const [name, value] of Object.entries(options.headers)) {
      // Token files end in a newline, which is not allowed in a header.
      if (value !== undefined) headers[name.toLowerCase()] = String(value).trim()
    }
  }
  if (typeof options.auth === 'string') {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  return headers
}
