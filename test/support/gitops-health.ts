import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { evaluate } from '@marcbachmann/cel-js'
import { parse } from 'yaml'

const luaRunner = join(import.meta.dirname, 'lua-runner')

export const canRunLua = spawnSync('go', ['version']).status === 0

/** What Argo CD says about these objects: its interpreter runs the script. Needs `go` on PATH. */
export function argoHealthOf(objects: readonly object[]): { status: string; message: string }[] {
  const script = resolve('deploy/gitops/argocd-health.lua')
  const { status, stdout, stderr } = spawnSync('go', ['run', '.', script], {
    cwd: luaRunner,
    input: JSON.stringify(objects),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${script}: ${stderr}`)
  return JSON.parse(stdout) as { status: string; message: string }[]
}

interface HealthExpressions {
  kind: string
  inProgress: string
  failed: string
  current: string
}

/** As Flux does it: the first expression that holds decides; one that reads a missing field means waiting. */
export function fluxHealthOf(object: object): 'InProgress' | 'Failed' | 'Current' {
  const { spec } = parse(readFileSync('deploy/gitops/flux-health.yaml', 'utf8')) as {
    spec: { healthCheckExprs: HealthExpressions[] }
  }
  const [expressions] = spec.healthCheckExprs
  if (expressions === undefined) throw new Error('deploy/gitops/flux-health.yaml has no healthCheckExprs')
  const variables = withIntegers(object) as Record<string, unknown>
  try {
    if (evaluate(expressions.inProgress, variables) === true) return 'InProgress'
    if (evaluate(expressions.failed, variables) === true) return 'Failed'
    return evaluate(expressions.current, variables) === true ? 'Current' : 'InProgress'
  } catch {
    return 'InProgress'
  }
}

/** Numbers of an object are integers for CEL in Go, and doubles here unless they are BigInts. */
function withIntegers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(withIntegers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withIntegers(member)]))
}
