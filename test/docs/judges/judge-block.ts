import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'

import { parseAllDocuments } from 'yaml'

import { helmTemplate } from '../../../tools/helm.ts'
import type { Checkout } from '../../support/measures/page-commands.ts'
import type { Chart } from '../../support/processes/helm-chart.ts'
import type { RunningControlPlane } from '../../support/processes/real-api-server.ts'
import { judgePromql } from './judge-promql.ts'
import { filesMadeBy, judgeShell, type ShellDeps, type ShellText } from './judge-shell.ts'
import {
  judgeCopied,
  judgeDiagram,
  judgeHttp,
  judgeJson,
  judgeNatsConfig,
  judgeScript,
  judgeSql,
} from './judge-text.ts'
import { judgeCel, judgeYaml, type Verdict, type YamlDeps } from './judge-yaml.ts'
import type { DocBlock } from './page-blocks.ts'
import { helpOf } from './program-help.ts'
import { commandsIn } from './shell-commands.ts'

/** Pages whose commands a suite types as they are printed. They are judged here all the same. */
export const typedPages = ['docs/try-routes.md', 'docs/install.md', 'docs/quickstart.md']
const baseUrl = 'https://hooks.example.com'
const chartPath = 'charts/gemini-webhook-operator'

/** Objects of an installation that no manifest has, pods among them. */
const madeByPrograms = /^gwh-(installation|orphans|receiver-\d+|keyring-\d+|receiver-reports(-\d+)?)$/

export interface Judges {
  shell: ShellDeps
  yaml: YamlDeps
}

/** What else the page of a block tells about it. */
export function pageOf(page: string, blocks: readonly DocBlock[]): Omit<ShellText, 'text' | 'isMention'> {
  const functions = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => commandsIn(text).functions)
  return { page, made: filesMadeBy(blocks), functions: new Set(functions) }
}

/** Judges one block by its language. */
export async function judge(
  block: DocBlock,
  page: Omit<ShellText, 'text' | 'isMention'>,
  judges: Judges,
): Promise<Verdict> {
  const { language, info, text } = block
  const asShell = async (kind: string, lines: string, isMention: boolean) => ({
    kind,
    problems: await judgeShell({ ...page, text: lines, isMention }, judges.shell),
  })
  switch (language) {
    case 'sh':
    case 'bash':
      return asShell(
        typedPages.includes(block.page) ? 'shell blocks typed by a suite' : 'shell blocks judged',
        text,
        false,
      )
    case 'mention':
      return asShell('commands in sentences judged', text, true)
    case 'text':
    case 'console': {
      // What is printed is compared by the suites that type a page; commands beside it are judged as in sentences.
      const typed = text.split('\n').flatMap((line) => /^\s*\$ (.*)$/.exec(line)?.[1] ?? [])
      return asShell('outputs and drawings, their commands judged', typed.join('\n'), true)
    }
    case 'yaml':
      return judgeYaml(text, info, judges.yaml)
    case 'json':
    case 'jsonl':
      return { kind: 'JSON parsed', problems: judgeJson(text) }
    case 'http':
      return { kind: 'HTTP requests parsed', problems: judgeHttp(text) }
    case 'ts':
    case 'js':
      return { kind: 'scripts parsed', problems: judgeScript(text, language) }
    case 'cel':
      return { kind: 'CEL expressions checked', problems: await judgeCel(text) }
    case 'promql':
      return { kind: 'PromQL blocks checked', problems: judgePromql(text) }
    case 'go':
    case 'java':
    case 'python':
      return { kind: 'programs that are files of examples/', problems: judgeCopied(text) }
    case 'conf':
      return { kind: 'configurations taken by nats-server', problems: judgeNatsConfig(text) }
    case 'sql':
      return { kind: 'SQL run by SQLite', problems: judgeSql(text) }
    case 'mermaid':
      return { kind: 'diagrams drawn', problems: judgeDiagram(text) }
    default:
      return { kind: 'unknown', problems: [unknownLanguage(language)] }
  }
}

function unknownLanguage(language: string): string {
  return language === ''
    ? 'the block names no language: write sh, yaml, promql, json, http, text (what is printed) or another one behind its fence'
    : `"${language}" is no language that is judged: use one that is, or add a judge for it to test/docs/judges/judge-block.ts`
}

/** The judges, with the binaries, the API server and the chart that they ask. */
export async function judgesOf(server: RunningControlPlane, chart: Chart, checkout: Checkout): Promise<Judges> {
  const resources = await resourceNames(server)
  const rendered = new Set(chart.manifests({ uninstallGuard: { enabled: true } }).map(({ metadata }) => metadata.name))
  const namespaces = new Set(['default'])
  const dryRun = async (manifests: string): Promise<string> => {
    for (const document of parseAllDocuments(manifests)) {
      const { metadata } = document.toJS() as { metadata?: { namespace?: string } }
      const namespace = metadata?.namespace ?? 'default'
      if (!namespaces.has(namespace)) await server.kubectl(['create', 'namespace', namespace])
      namespaces.add(namespace)
    }
    const args = ['apply', '--dry-run=server', '--validate=strict', '--filename', '-']
    const { code, stderr } = await server.kubectl(args, { input: manifests })
    return code === 0 ? '' : stderr.trim()
  }
  const yaml: YamlDeps = {
    dryRun,
    valuesProblem: (values) => tried(() => chart.render({ baseUrl, ...values })),
    kustomizeProblem: (path, text) =>
      tried(() => {
        checkout.write(path, text)
        checkout.run(`kubectl kustomize ${dirname(path)}`)
      }),
  }
  const shell: ShellDeps = {
    kubectl: helpOf(server.kubectlPath),
    helm: helpOf(chart.helm),
    isOurObject: (name) => rendered.has(name) || madeByPrograms.test(name),
    isResource: (name) => resources.has(name.toLowerCase()),
    outputProblem(format) {
      const what = format.includes('.items') ? ['get', 'namespaces'] : ['get', 'namespace', 'default']
      const args = [...what, '--kubeconfig', server.kubeconfigPath, '--output', format]
      const { status, stderr } = spawnSync(server.kubectlPath, args, { encoding: 'utf8' })
      return status === 0 || /not found|out of bounds/.test(stderr) ? undefined : stderr.trim()
    },
    valuesProblem: (flags) =>
      tried(() => helmTemplate(chart.helm, ['x', chartPath, '--set', `baseUrl=${baseUrl}`, ...flags])),
    manifestProblems: async (text) => (await judgeYaml(text, '', yaml)).problems,
  }
  return { shell, yaml }
}

/** What it throws, in words; undefined where it does not. */
function tried(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Every name by which kubectl takes a resource of this API server. */
async function resourceNames(server: RunningControlPlane): Promise<Set<string>> {
  const { stdout } = await server.kubectl(['api-resources'])
  const [head = '', ...lines] = stdout.trimEnd().split('\n')
  const [shortAt, versionAt, kindAt] = ['SHORTNAMES', 'APIVERSION', 'KIND'].map((title) => head.indexOf(title))
  const names = ['all']
  for (const line of lines) {
    const [plural = ''] = line.split(' ', 1)
    const [group = ''] = line.slice(versionAt).split('/', 1)
    const shorts = line.slice(shortAt, versionAt).trim().split(',')
    names.push(plural, `${plural}.${group.trim()}`, line.slice(kindAt).trim().toLowerCase(), ...shorts)
  }
  return new Set(names.filter((name) => name !== ''))
}
