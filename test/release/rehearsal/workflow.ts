import { readFileSync } from 'node:fs'

import { parse } from 'yaml'

export interface Step {
  id?: string
  name?: string
  uses?: string
  with?: Record<string, unknown>
  run?: string
  env?: Record<string, string>
  'working-directory'?: string
}

export interface Job {
  uses?: string
  needs?: string[]
  outputs?: Record<string, string>
  steps?: Step[]
}

export interface Workflow {
  env?: Record<string, string>
  defaults?: { run?: { shell?: string } }
  jobs: Record<string, Job>
}

/** What `${{ a.b.c }}` is looked up in. */
export interface Contexts {
  [name: string]: string | Contexts | undefined
}

/** What the rehearsal knows of a step and of a job. Anything else could change what is done, and would go unnoticed. */
const stepKeys = new Set(['id', 'name', 'uses', 'with', 'run', 'env', 'working-directory'])
const jobKeys = new Set([
  'uses',
  'needs',
  'outputs',
  'steps',
  'runs-on',
  'timeout-minutes',
  'permissions',
  'environment',
])

/** Throws when a job or a step has a key that the rehearsal would ignore. */
export function readWorkflow(path: string): Workflow {
  const workflow = parse(readFileSync(path, 'utf8')) as Workflow
  for (const [name, job] of Object.entries(workflow.jobs)) {
    refuseOthers(`${path}: job ${name}`, job, jobKeys)
    for (const step of job.steps ?? []) refuseOthers(`${path}: job ${name}, ${titleOf(step)}`, step, stepKeys)
  }
  return workflow
}

function refuseOthers(what: string, value: object, known: ReadonlySet<string>): void {
  const others = Object.keys(value).filter((key) => !known.has(key))
  if (others.length > 0) throw new Error(`${what}: the rehearsal does not know ${others.join(', ')}; teach it`)
}

export const titleOf = ({ name, uses, run = '' }: Step) =>
  name ?? uses?.split('@')[0] ?? run.trim().split('\n')[0] ?? ''

/** Replaces every `${{ a.b.c }}`. Throws for a name that is not there, and for anything else than a name. */
export function evaluate(text: string, contexts: Contexts): string {
  return text.replaceAll(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    if (!/^[\w-]+(\.[\w-]+)+$/.test(expression))
      throw new Error(`$\{{ ${expression} }}: the rehearsal takes names only`)
    let value: Contexts[string] = contexts
    for (const name of expression.split('.')) value = typeof value === 'object' ? value[name] : undefined
    if (typeof value !== 'string') throw new Error(`$\{{ ${expression} }}: is not set at this point`)
    return value
  })
}

/** What a step wrote to `$GITHUB_OUTPUT`: `name=value`, or `name<<END`, lines, `END`. */
export function readOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {}
  const lines = text.split('\n').values()
  for (const line of lines) {
    const [, name = '', isOpen, rest = ''] = /^([\w-]+)(=|<<)(.*)$/.exec(line) ?? []
    if (isOpen === '=') outputs[name] = rest
    if (isOpen !== '<<') continue
    const value: string[] = []
    for (const next of lines) {
      if (next === rest) break
      value.push(next)
    }
    outputs[name] = value.join('\n')
  }
  return outputs
}

/** The jobs in an order in which each comes after those that it needs. Throws for a circle. */
export function inOrder(jobs: Readonly<Record<string, Job>>): string[] {
  const order = new Set<string>()
  const visit = (name: string, above: readonly string[]): void => {
    if (above.includes(name)) throw new Error(`the jobs ${[...above, name].join(' -> ')} need each other`)
    for (const needed of jobs[name]?.needs ?? []) visit(needed, [...above, name])
    order.add(name)
  }
  for (const name of Object.keys(jobs)) visit(name, [])
  return [...order]
}
