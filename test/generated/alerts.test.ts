import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'

import { parse } from 'yaml'

interface Alert {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; description: string }
}

const alertsPath = 'charts/gemini-webhook-operator/files/alerts.yaml'
const { groups } = parse(readFileSync(alertsPath, 'utf8')) as { groups: { rules: Alert[] }[] }
const alerts = groups.flatMap(({ rules }) => rules)

test('each alert has a runbook page, and each page an alert', () => {
  const pages = globSync('docs/runbooks/*.md').map((file) => basename(file, '.md'))
  assert.deepEqual(pages.filter((page) => page !== 'README').toSorted(), alerts.map(({ alert }) => alert).toSorted())
  for (const { alert, annotations, labels } of alerts) {
    const page = readFileSync(`docs/runbooks/${alert}.md`, 'utf8')
    assert.ok(page.startsWith(`# ${alert}\n`), alert)
    assert.ok(annotations.summary.length > 0 && annotations.description.length > 0, alert)
    assert.ok(['critical', 'warning', 'info'].includes(labels.severity), alert)
  }
})

const partsOfRunbook = ['What it means', 'What to look at', 'What to do', 'How to see that it is over']

test('each runbook has the same four parts: a query and commands to look, and a query that tells the end', () => {
  for (const { alert } of alerts) {
    const [, ...sections] = readFileSync(`docs/runbooks/${alert}.md`, 'utf8').split(/^## /m)
    const bodies = new Map(sections.map((section) => [section.split('\n', 1)[0] ?? '', section]))
    assert.deepEqual([...bodies.keys()], partsOfRunbook, alert)
    const [, look = '', act = '', over = ''] = bodies.values()
    assert.match(look, /^```promql$/m, `${alert}: ask Prometheus under "What to look at"`)
    assert.match(look, /^```sh$/m, `${alert}: name commands under "What to look at"`)
    assert.match(act, /^- /m, `${alert}: say what to do`)
    assert.match(over, /^```promql$/m, `${alert}: ask Prometheus whether it is over`)
  }
})

test('the query that tells the end is that of the alert, whatever it is grouped by', () => {
  for (const { alert, expr } of alerts) {
    const over = readFileSync(`docs/runbooks/${alert}.md`, 'utf8').split('## How to see that it is over')[1] ?? ''
    const query = /```promql\n(.*?)```/s.exec(over)?.[1] ?? ''
    assert.equal(bare(query), bare(expr), alert)
  }
})

test('each alert is made to fire by a test', () => {
  const tests = globSync('test/component/alerts/*.test.ts').map((file) => readFileSync(file, 'utf8'))
  const untested = alerts.filter(({ alert }) => !tests.some((text) => text.includes(`'${alert}'`)))
  assert.deepEqual(
    untested.map(({ alert }) => alert),
    [],
  )
})

/** A query without its grouping and without spaces. */
function bare(query: string): string {
  return query
    .replaceAll(/ by \([^)]*\)/g, '')
    .replaceAll(/\b(sum|max) ?\(/g, '(')
    .replaceAll(/[()\s]/g, '')
}
