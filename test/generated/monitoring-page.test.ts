import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse, parseAllDocuments } from 'yaml'

import { dashboardPath } from '../../tools/generate-dashboard.ts'
import { blocksOf } from '../support/measures/page-commands.ts'
import { problemsOfQuery } from '../support/measures/promql/judge-query.ts'
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

for (const { where, expressions, least } of [
  { where: 'the page', expressions: onPage, least: 25 },
  { where: 'the dashboard', expressions: onDashboard, least: 15 },
  { where: 'the alerts', expressions: alerts.map(({ expr }) => expr), least: 20 },
]) {
  test(`every expression of ${where} is PromQL, and asks for metrics and labels that the reference has`, () => {
    assert.ok(expressions.length >= least, `${expressions.length} expressions`)
    assert.deepEqual(expressions.flatMap(problemsOfQuery), [])
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

test('a series that nothing exposes is noticed, and so is a label that another series of the expression has', () => {
  const buckets = 'gwh_delivery_attempt_duration_seconds'
  for (const wrong of [
    'sum(gwh_leeder)',
    'gwh_leader_sum',
    `sum by (le) (rate(${buckets}_count[5m]))`,
    'sum by (outcome) (rate(gwh_receiver_requests_total[5m])) / on (outcome) gwh_leader',
    'time()',
  ])
    assert.notDeepEqual(problemsOfQuery(wrong), [], wrong)
  for (const right of [`sum by (le, pod) (rate(${buckets}_bucket[5m]))`, 'process_cpu_seconds_total{any="a"}'])
    assert.deepEqual(problemsOfQuery(right), [])
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

test('the Services that the page says to scrape are those with the port of metrics', () => {
  const objects = parseAllDocuments(readFileSync('deploy/install.yaml', 'utf8')).map(
    (document) => document.toJS() as unknown,
  )
  const services = objects.filter(
    (each): each is { metadata: { name: string }; spec: { ports: { port: number }[] } } =>
      (each as { kind?: string } | null)?.kind === 'Service',
  )
  const scraped = services.filter(({ spec }) => spec.ports.some(({ port }) => port === 9090))
  const [, first, second] = /scrape port 9090 of the Services `([^`]+)` and `([^`]+)`/.exec(page) ?? []
  assert.deepEqual([first, second], scraped.map(({ metadata }) => metadata.name).sort())
})
