import { readFileSync } from 'node:fs'

import { parser } from '@prometheus-io/lezer-promql'

/** Names and labels of what the programs expose, from the page that is generated from their instruments. */
const exposed = new Map(
  [...readFileSync('docs/reference/metrics.md', 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*) \|/gm)].map(
    ([, name = '', type, labels = '']) => [
      name,
      { type, labels: new Set([...labels.matchAll(/\w+/g)].map(([each]) => each)) },
    ],
  ),
)
/** What every series gets where it is scraped. */
const ofTarget = new Set([
  'job',
  'instance',
  'namespace',
  'pod',
  'container',
  'service',
  'endpoint',
  'node',
  'cluster',
  '__name__',
  'le',
])
/** Metrics of the platform and of the runtime, told by how they begin. */
const ofOthers =
  /^(up$|ALERTS|process_|nodejs_|kube_|kubelet_|container_|node_|scrape_|prober_|probe_|certmanager_|apiserver_)/

/** What is wrong with a block of PromQL: expressions with empty lines between them. */
export function judgePromql(text: string): string[] {
  const expressions = text.split(/\n\s*\n/).map((each) => each.replaceAll(/^\s*#.*$/gm, '').trim())
  return expressions.filter((each) => each !== '').flatMap(problemsOf)
}

function problemsOf(expression: string): string[] {
  const problems: string[] = []
  const names: string[] = []
  const labels: string[] = []
  parser.parse(expression).iterate({
    enter({ type, from, to }) {
      const text = expression.slice(from, to)
      if (type.isError) problems.push(`is no PromQL at "${expression.slice(from, from + 20)}"`)
      if (type.name === 'VectorSelector') names.push(/^[\w:]*/.exec(text)?.[0] ?? '')
      if (type.name === 'LabelName') labels.push(text)
    },
  })
  const series = names.map((name) => exposed.get(name) ?? exposed.get(name.replace(/_(bucket|sum|count)$/, '')))
  for (const [at, name] of names.entries())
    if (series[at] === undefined && !ofOthers.test(name)) problems.push(`nothing exposes the metric ${name}`)
  const isOurs = series.every((each) => each !== undefined)
  const isKnown = (label: string) => ofTarget.has(label) || series.some((each) => each?.labels.has(label))
  if (isOurs)
    for (const label of labels) if (!isKnown(label)) problems.push(`none of ${names.join(', ')} has the label ${label}`)
  return problems.map((problem) => `${expression}: ${problem}`)
}
