/**
 * `npm run lint:manifests`: kube-score and checkov over what the chart renders, with its defaults, with each set of
 * values that ships and with the guard, and over deploy/install.yaml. What they find has to stand in
 * tools/accepted-findings.yaml with a reason, and what stands there has to be found. Programs: KUBE_SCORE and CHECKOV,
 * else those on PATH; one that is missing is left out by name, with GWH_REQUIRE_LINTERS=1 an error. Needs Helm.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { parse } from 'yaml'

import { chartPath } from './generate-chart.ts'
import { findHelms, findProgram, helmTemplate } from './helm.ts'
import { acceptedSchema, compareFindings, readCheckov, readKubeScore, type Finding } from './manifest-findings.ts'
import { placeholderBaseUrl } from './render-manifests.ts'

const acceptedPath = 'tools/accepted-findings.yaml'
/** The newest that the linters and both majors of Helm know. */
const kubeVersion = '1.32'

/** Writes each rendering into the folder and answers with its path. */
function renderAll(helm: string, folder: string): string[] {
  const shipped = globSync('deploy/values/*.yaml').toSorted()
  const sets: [name: string, flags: string[]][] = [
    ['default', []],
    ['uninstall-guard', ['--set=uninstallGuard.enabled=true']],
    ...shipped.map((path): [string, string[]] => [basename(path, '.yaml'), [`--values=${path}`]]),
  ]
  const common = ['gemini-webhook-operator', chartPath, '--namespace=gemini-webhook-system']
  const rendered = sets.map(([name, flags]) => {
    const path = join(folder, `${name}.yaml`)
    const fixed = [`--kube-version=${kubeVersion}`, `--set=baseUrl=${placeholderBaseUrl}`]
    writeFileSync(path, helmTemplate(helm, [...common, ...fixed, ...flags]))
    return path
  })
  const installPath = join(folder, 'install.yaml')
  copyFileSync('deploy/install.yaml', installPath)
  return [...rendered, installPath]
}

/** What the program printed; both end with 1 where they found something. Throws where it did not run to its end. */
function printedBy(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
  if (status === 0 || status === 1) return stdout
  throw new Error(`${program} ended with ${status ?? error?.message ?? 'a signal'}: ${stderr.slice(0, 2000)}`)
}

const linters: Record<
  Finding['tool'],
  { variable: string; findings: (program: string, paths: string[]) => Finding[] }
> = {
  'kube-score': {
    variable: 'KUBE_SCORE',
    // One call for each: objects of one name are one to it.
    findings: (program, paths) =>
      paths.flatMap((path) =>
        readKubeScore(
          printedBy(program, ['score', `--kubernetes-version=v${kubeVersion}`, '--output-format=json', path]),
        ),
      ),
  },
  checkov: {
    variable: 'CHECKOV',
    findings: (program, paths) => {
      const files = paths.map((path) => `--file=${path}`)
      const quietly = ['--quiet', '--compact', '--skip-download', '--output=json']
      return readCheckov(printedBy(program, ['--framework=kubernetes', ...quietly, ...files]))
    },
  },
}

function lint(): number {
  const [helm] = findHelms(process.env).values()
  if (helm === undefined) throw new Error('needs Helm 3 or 4: put helm on PATH, or name its folder with HELM_BIN_DIR')
  const accepted = acceptedSchema.parse(parse(readFileSync(acceptedPath, 'utf8')))
  const folder = mkdtempSync(join(tmpdir(), 'gwh-manifests-'))
  try {
    const paths = renderAll(helm, folder)
    const ran = new Set<Finding['tool']>()
    const found: Finding[] = []
    for (const tool of ['kube-score', 'checkov'] as const) {
      const { variable, findings } = linters[tool]
      const program = process.env[variable] ?? findProgram(tool, process.env)
      if (program === undefined && process.env['GWH_REQUIRE_LINTERS'] === '1')
        throw new Error(`GWH_REQUIRE_LINTERS=1, but ${tool} was not found: name it with ${variable}, or put it on PATH`)
      if (program === undefined) {
        process.stderr.write(`lint:manifests: left out: no ${tool}; name it with ${variable}, or put it on PATH\n`)
        continue
      }
      ran.add(tool)
      found.push(...findings(program, paths))
    }
    return tell(compareFindings(found, accepted, ran), [...ran], paths.length)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function tell({ fresh, stale, found }: ReturnType<typeof compareFindings>, ran: readonly string[], files: number) {
  for (const { tool, check, object, says } of fresh)
    process.stderr.write(
      `lint:manifests: ${object}: ${tool} ${check}: ${says}: mend it, or accept it in ${acceptedPath} with a reason\n`,
    )
  for (const { tool, check, object, says } of stale)
    process.stderr.write(
      `lint:manifests: ${object}: ${tool} ${check}: ${says}: is accepted and not found any more: take it out of ${acceptedPath}\n`,
    )
  const by = ran.length === 0 ? 'nobody' : ran.join(' and ')
  process.stdout.write(
    `lint:manifests: ${files} manifests judged by ${by}: ${found} findings, ${fresh.length} new, ${stale.length} stale\n`,
  )
  return fresh.length + stale.length === 0 ? 0 : 1
}

try {
  process.exitCode = lint()
} catch (error) {
  process.stderr.write(`lint:manifests: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
