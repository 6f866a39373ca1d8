import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { evaluate } from '@marcbachmann/cel-js'
import { parse } from 'yaml'

/** The judges of Argo CD and Flux are Go programs. */
export const canRunGo = spawnSync('go', ['version']).status === 0

/** What kstatus says about these objects, which Flux asks where it has no expressions. Needs `go` on PATH. */
export function kstatusOf(objects: readonly object[]): { status: string; message: string }[] {
  return runGo(join(import.meta.dirname, 'kstatus-runner'), [], objects)
}

/** What Argo CD says about these objects: its interpreter runs the script. Needs `go` on PATH. */
export function argoHealthOf(objects: readonly object[]): { status: string; message: string }[] {
  return runGo(join(import.meta.dirname, 'lua-runner'), [resolve('deploy/gitops/argocd-health.lua')], objects)
}

function runGo(cwd: string, args: string[], objects: readonly object[]): { status: string; message: string }[] {
  const { status, stdout, stderr } = spawnSync('go', ['run', '.', ...args], {
    cwd,
    input: JSON.stringify(objects),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${cwd}: ${stderr}`)
  return JSON.parse(stdout) as { status: string; message: string }[]
}

interface HealthExpressions {
  kind: string
  inProgress: string
  failed: string
  current: string
}

/** As Flux does it: the first expression that holds decides; one that reads a missing field means waiting. */
export function fluxHealthOf(object: { kind: string }): 'InProgress' | 'Failed' | 'Current' {
  const { spec } = parse(readFileSync('deploy/gitops/flux-health.yaml', 'utf8')) as {
    spec: { healthCheckExprs: HealthExpressions[] }
  }
  const expressions = spec.healthCheckExprs.find(({ kind }) => kind === object.kind)
  if (expressions === undefined) throw new Error(`deploy/gitops/flux-health.yaml has nothing for ${object.kind}`)
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
