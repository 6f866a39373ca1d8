import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

import { standIns } from './actions.ts'
import { evaluate, inOrder, readOutputs, readWorkflow, titleOf, type Contexts, type Step } from './workflow.ts'

export interface RehearsalOptions {
  workflow: string
  /** A repository whose HEAD is what is released. */
  repository: string
  /** host:port of a registry on this machine. */
  registry: string
  /** Folders of programs that are found before all others. */
  programs: readonly string[]
  /** Everything is written below it. */
  folder: string
  github: GithubFacts
}

/** Of GitHub's context, by its names. */
export type GithubFacts = Readonly<
  Record<'ref_name' | 'repository' | 'repository_owner' | 'server_url' | 'run_id', string>
>

export interface RehearsedStep {
  job: string
  title: string
  /** Absent where another program did an action's work, or nobody: `note` says which. */
  output?: string
  note?: string
}

export interface Rehearsal {
  steps: RehearsedStep[]
  /** The outputs of each job. */
  outputs: Record<string, Record<string, string>>
  /** Where the artifacts of the run are, a folder each. */
  artifacts: string
}

/** What a stand-in for an action works with. */
export interface Stage {
  workspace: string
  artifacts: string
  registry: string
  github: GithubFacts & { sha: string }
  /** Runs a program in the workspace as a step does; answers what it printed, throws with that when it failed. */
  run: (command: string, ...args: string[]) => string
}

/**
 * Runs a workflow on this machine, job after job, each in a checkout of its own: `run` steps as they are, actions by
 * stand-ins. Stops at the first step that fails, with what it printed. The registry of the workflow's `env` is replaced
 * by that of this machine; jobs that are a workflow of their own are left out.
 */
export function rehearse(options: RehearsalOptions): Rehearsal {
  const workflow = readWorkflow(options.workflow)
  const sha = git(options.repository, 'rev-parse', 'HEAD')
  const env = { ...workflow.env, REGISTRY: options.registry }
  const github = { ...options.github, sha, actor: 'rehearsal' }
  const artifacts = join(options.folder, 'artifacts')
  const rehearsal: Rehearsal = { steps: [], outputs: {}, artifacts }
  const needs: Record<string, Contexts> = {}

  for (const name of inOrder(workflow.jobs)) {
    const job = workflow.jobs[name] ?? {}
    if (job.steps === undefined) {
      rehearsal.steps.push({ job: name, title: job.uses ?? '', note: 'a workflow of its own' })
      continue
    }
    const workspace = join(options.folder, name)
    const steps: Record<string, Contexts> = {}
    for (const step of job.steps) {
      const contexts: Contexts = { github, env, needs, steps, secrets: { GITHUB_TOKEN: 'no-token' } }
      const stage = stageOf({ options, workspace, artifacts, env, github, step, contexts })
      const { outputs, ...rest } = perform(step, contexts, stage, workflow.defaults?.run?.shell)
      if (step.id !== undefined) steps[step.id] = { outputs }
      rehearsal.steps.push({ job: name, title: titleOf(step), ...rest })
    }
    renameSync(join(workspace, 'node_modules'), join(options.folder, 'node_modules'))
    const outputs = Object.entries(job.outputs ?? {}).map(([key, text]) => [key, evaluate(text, { steps })])
    rehearsal.outputs[name] = Object.fromEntries(outputs) as Record<string, string>
    needs[name] = { outputs: rehearsal.outputs[name] }
  }
  return rehearsal
}

/**
 * The packages of this checkout, for one job after the other: a copy of links, since bundlers look where a file really
 * is. Nothing writes into them.
 */
export function copyPackages(folder: string): void {
  const copy = (...how: string[]) => spawnSync('cp', ['--archive', ...how, resolve('node_modules'), folder])
  // There are no links from one file system to another.
  if (copy('--link').status === 0) return
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
  if (copy('--reflink=auto').status !== 0) throw new Error(`node_modules could not be copied to ${folder}`)
}

interface Surroundings {
  options: RehearsalOptions
  workspace: string
  artifacts: string
  env: Record<string, string>
  github: Stage['github']
  step: Step
  contexts: Contexts
}

function stageOf({ options, workspace, artifacts, env, github, step, contexts }: Surroundings): Stage {
  const own = Object.entries(step.env ?? {}).map(([key, value]) => [key, evaluate(value, contexts)])
  const folder = resolve(workspace, step['working-directory'] ?? '.')
  const variables = Object.entries(options.github).map(([key, value]) => [`GITHUB_${key.toUpperCase()}`, value])
  return {
    workspace,
    artifacts,
    registry: options.registry,
    github,
    run: (command, ...args) => {
      const { status, stdout, stderr, error } = spawnSync(command, args, {
        cwd: existsSync(folder) ? folder : options.folder,
        env: {
          HOME: options.folder,
          PATH: [...options.programs, process.env['PATH'] ?? ''].join(delimiter),
          ...Object.fromEntries(variables),
          ...env,
          ...Object.fromEntries(own),
          GITHUB_SHA: github.sha,
          GITHUB_OUTPUT: outputFile(options.folder),
          REHEARSAL_ARTIFACTS: artifacts,
          REHEARSAL_REPOSITORY: options.repository,
        },
        encoding: 'utf8',
        maxBuffer: 64 * 1024 ** 2,
      })
      if (status === 0) return stdout + stderr
      throw new Error(`${[command, ...args].join(' ')} ended with ${String(status ?? error)}:\n${stdout}${stderr}`)
    },
  }
}

const outputFile = (folder: string) => join(folder, 'output')

function perform(
  step: Step,
  contexts: Contexts,
  stage: Stage,
  shell: string | undefined,
): { outputs: Record<string, string>; output?: string; note?: string } {
  const { uses, run } = step
  try {
    if (uses !== undefined) {
      const action = uses.split('@')[0] ?? ''
      const standIn = standIns[action]
      if (standIn === undefined) throw new Error(`no stand-in for the action ${action}; see test/release/rehearsal`)
      const inputs = Object.entries(step.with ?? {}).map(([key, value]) => [key, evaluate(String(value), contexts)])
      const { note, ...outputs } = standIn(Object.fromEntries(inputs) as Record<string, string>, stage)
      return { outputs, ...(note !== undefined && { note }) }
    }
    const outputs = outputFile(resolve(stage.workspace, '..'))
    rmSync(outputs, { force: true })
    // As GitHub calls it: with `shell: bash` a failure within a pipe ends the step, without a shell's name it does not.
    const flags = shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e']
    const output = stage.run('bash', ...flags, '-c', evaluate(run ?? '', contexts))
    return { output, outputs: existsSync(outputs) ? readOutputs(readFileSync(outputs, 'utf8')) : {} }
  } catch (cause) {
    throw new Error(`${titleOf(step)}: ${(cause as Error).message}`, { cause })
  }
}

function git(folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/**
 * A repository of one commit with the files of the working tree in `from`, tagged, whose changelog has a chapter of
 * that version: what there is when a release is made. Answers the commit.
 */
export function prepareRepository(from: string, folder: string, version: string): string {
  mkdirSync(folder, { recursive: true })
  const files = git(from, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
  const there = files.split('\0').filter((file) => file !== '' && existsSync(join(from, file)))
  const copied = spawnSync('tar', ['--create', '--null', '--files-from=-'], {
    cwd: from,
    input: there.join('\0'),
    maxBuffer: 1024 ** 3,
  })
  spawnSync('tar', ['--extract'], { cwd: folder, input: copied.stdout })
  const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
  if (!changelog.includes(`\n## [${version}]`)) {
    const { status } = spawnSync('sed', ['-i', `s/^## \\[Unreleased\\]$/## [${version}]/`, 'CHANGELOG.md'], {
      cwd: folder,
    })
    if (status !== 0) throw new Error('CHANGELOG.md: no chapter could be made of what is unreleased')
  }
  const author = [
    '-c',
    'user.name=rehearsal',
    '-c',
    'user.email=rehearsal@example.com',
    '-c',
    'core.hooksPath=/dev/null',
  ]
  git(folder, 'init', '--quiet', '--initial-branch=main')
  git(folder, 'add', '--all', '--force')
  git(folder, ...author, 'commit', '--quiet', '--message=release')
  git(folder, 'tag', `v${version}`)
  return git(folder, 'rev-parse', 'HEAD')
}
