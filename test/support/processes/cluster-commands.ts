import { spawn } from 'node:child_process'

import { eventually } from '../measures/eventually.ts'
import { gwhEnvironment } from '../builders/gwh-environment.ts'

const commandTimeoutMs = 300_000
const verbs = { GET: 'get', POST: 'create', PUT: 'replace' } as const

interface ServicePort {
  namespace: string
  name: string
  port: number
}

/** Runs kubectl against the cluster that KUBECONFIG names; rejects with what it said. */
export const kubectl = (args: readonly string[], input?: string): Promise<string> => run('kubectl', args, input)

export const helm = (program: string, args: readonly string[]): Promise<string> => run(program, args)

/** A command for people, as somebody with the rights of KUBECONFIG runs it. */
export const gwh = (args: readonly string[]): Promise<string> =>
  run(process.execPath, ['src/main.ts', ...args], '', gwhEnvironment())

/** A request through the API server to a Service's port; undefined where the answer is empty. */
export async function ask<T>(
  method: keyof typeof verbs,
  service: ServicePort,
  path: string,
  body?: unknown,
): Promise<T> {
  const raw = `/api/v1/namespaces/${service.namespace}/services/${service.name}:${service.port}/proxy/${path}`
  const input = method === 'GET' ? [] : ['-f', '-']
  const text = await run('kubectl', [verbs[method], '--raw', raw, ...input], JSON.stringify(body ?? {}))
  return (text.trim() === '' ? undefined : JSON.parse(text)) as T
}

function run(program: string, args: readonly string[], input = '', env = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env, timeout: commandTimeoutMs })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) return resolve(output.stdout)
      reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${output.stderr}${output.stdout}`))
    })
    child.stdin.on('error', () => {}) // it ended without reading; its exit code tells
    child.stdin.end(input)
  })
}

/** For clusters: pods take seconds. */
export const soon = <T>(what: string, probe: () => Promise<T | undefined | false>) =>
  eventually(what, probe, { timeoutMs: 120_000, intervalMs: 500 })
