import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import { dashboardPath } from '../../tools/generate-dashboard.ts'
import { metricsPagePath } from '../../tools/generate-metrics-page.ts'
import { blocksOf } from '../support/measures/page-commands.ts'
import { parseQuery } from '../support/measures/promql/parse-query.ts'

const pagePath = 'docs/monitoring.md'
const page = readFileSync(pagePath, 'utf8')

const { groups } = parse(readFileSync('charts/gemini-webhook-operator/files/alerts.yaml', 'utf8')) as {
  groups: { rules: { alert: string; expr: string; labels: { severity: string } }[] }[]
}
const alerts = groups.flatMap(({ rules }) => rules)
const { panels } = JSON.parse(readFileSync(dashboardPath, 'utf8')) as {
  panels: { type: string; title: string; targets?: { expr: string }[] }[]
}

/** Rows of the tables whose head has a column of this title, as the text of their cells. */
function rowsBelow(column: string): Record<string, string>[] {
  const rows: Record<string, string>[] = []
  let titles: string[] = []
  for (const line of page.split('\n')) {
    const cells = line.startsWith('|')
      ? line
          .slice(1, -1)
          .split(/(?<!\\)\|(?!\|)/)
          .map((cell) => cell.trim())
      : []
    if (cells.length === 0) titles = []
    else if (titles.length === 0) titles = cells
    else if (titles.includes(column) && !/^-+$/.test(cells[0] ?? ''))
      rows.push(Object.fromEntries(titles.map((title, at) => [title, cells[at] ?? ''])))
  }
  return rows
}

const inBlocks = blocksOf(pagePath).filter(({ language }) => language === 'promql')
const inTables = rowsBelow('Expression').map(({ Expression = '' }) => Expression.replaceAll(/^`|`$/g, ''))
const onPage = [...inBlocks.map(({ text }) => text.trim()), ...inTables]
/** The variables of Grafana, as it fills them in. */
const onDashboard = panels
  .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  .map((expr) => expr.replaceAll('$__rate_interval', '2m'))

/** Labels by metric, as the reference has them. */
const documented = new Map<string, readonly string[]>()
for (const [, name = '', type = '', cell = ''] of readFileSync(metricsPagePath, 'utf8').matchAll(
  /^\| `(\w+)` \| (\w+) \| ([^|]*)\|/gm,
)) {
  const labels = [...cell.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)
  if (type === 'histogram') documented.set(`${name}_bucket`, ['le', ...labels])
  for (const suffix of type === 'histogram' ? ['_sum', '_count'] : ['']) documented.set(`${name}${suffix}`, labels)
}
/** Of every process, from the library of metrics. */
for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes']) documented.set(name, [])
/** What a scrape adds to each series. */
const ofTheTarget = ['namespace', 'pod']

for (const { where, expressions, least } of [
  { where: 'the page', expressions: onPage, least: 25 },
  { where: 'the dashboard', expressions: onDashboard, least: 15 },
  { where: 'the alerts', expressions: alerts.map(({ expr }) => expr), least: 20 },
]) {
  test(`every expression of ${where} is PromQL, and asks for metrics and labels that the reference has`, () => {
    assert.ok(expressions.length >= least, `${expressions.length} expressions`)
    for (const expression of expressions) {
      const { errors, series } = parseQuery(expression)
      assert.deepEqual(errors, [], expression)
      assert.notEqual(series.length, 0, expression)
      for (const { metric, labels } of series) {
        const known = documented.get(metric)
        assert.ok(known, `${expression}: no metric ${metric}`)
        const unknown = labels.filter((label) => ![...known, ...ofTheTarget].includes(label))
        assert.deepEqual(unknown, [], `${expression}: labels of ${metric}`)
      }
    }
  })
}

test('what is no PromQL is noticed, and so is a label that a metric has not', () => {
  for (const wrong of ['sum(', 'rate(a[5x])', 'a{b=}', 'sum by a (b)', '(a', 'a b'])
    assert.notDeepEqual(parseQuery(wrong).errors, [], wrong)
  assert.deepEqual(parseQuery('sum by (le, kind) (rate(a_bucket{code!="OK"}[5m])) / time()'), {
    errors: [],
    series: [{ metric: 'a_bucket', labels: ['code', 'le', 'kind'] }],
  })
})

test('each alert is in the table, with its severity and its runbook', () => {
  const told = rowsBelow('In one line').map(({ Alert = '', Severity = '' }) => `${Alert} ${Severity}`)
  const want = alerts.map(({ alert, labels }) => `[${alert}](runbooks/${alert}.md) ${labels.severity}`)
  assert.deepEqual(told.toSorted(), want.toSorted())
})

test('each row of the dashboard is in its table', () => {
  const told = rowsBelow('Panels').map(({ Row = '' }) => Row)
  assert.deepEqual(
    told,
    panels.filter(({ type }) => type === 'row').map(({ title }) => title),
  )
})
