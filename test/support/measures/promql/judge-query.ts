import { readFileSync } from 'node:fs'

import { metricsPagePath } from '../../../../tools/generate-metrics-page.ts'
import { parseQuery } from './parse-query.ts'

/** Labels by the name of a series, from the page that is generated from the instruments. */
const exposed = new Map<string, readonly string[]>()
for (const [, name = '', type = '', cell = ''] of readFileSync(metricsPagePath, 'utf8').matchAll(
  /^\| `(\w+)` \| (\w+) \| ([^|]*)\|/gm,
)) {
  const labels = [...cell.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)
  if (type === 'histogram') exposed.set(`${name}_bucket`, ['le', ...labels])
  for (const suffix of type === 'histogram' ? ['_sum', '_count'] : ['']) exposed.set(`${name}${suffix}`, labels)
}
/** What a scrape adds to each series. */
const ofTheTarget = ['job', 'instance', 'namespace', 'pod', 'container', 'service', 'endpoint']
/** Series of the platform and of the runtime, told by how they begin. */
const ofOthers = /^(up$|process_|nodejs_|kube_|kubelet_|container_|probe_)/

/**
 * What is wrong with an expression of PromQL, each problem with the expression: its grammar, series that nothing
 * exposes, and labels that a series of ours does not have.
 */
export function problemsOfQuery(expression: string): string[] {
  const { errors, series } = parseQuery(expression)
  const problems = errors.map((error) => `is no PromQL ${error}`)
  if (series.length === 0) problems.push('asks for no metric')
  for (const { metric, labels } of series) {
    const own = exposed.get(metric)
    if (own === undefined && !ofOthers.test(metric)) problems.push(`nothing exposes the metric ${metric}`)
    const unknown = own === undefined ? [] : labels.filter((label) => ![...own, ...ofTheTarget].includes(label))
    problems.push(...unknown.map((label) => `${metric} has not the label ${label}`))
  }
  return problems.map((problem) => `${expression}: ${problem}`)
}
