import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'

import { makeCheckout, type Checkout } from '../support/measures/page-commands.ts'
import { withHelm } from '../support/processes/helm-chart.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'
import { judge, judgesOf, pageOf, typedPages, type Judges } from './judges/judge-block.ts'
import { codeIn, docPages, type DocBlock } from './judges/page-blocks.ts'

/** Blocks as a tired author writes them, with what is said of each. */
const mistakes: readonly [language: string, text: string, said: RegExp][] = [
  ['', 'anything', /names no language: write sh/],
  ['shell-session', '$ ls', /no language that is judged/],
  ['sh', 'kubectl get pods | (', /syntax error/],
  ['sh', 'kubctl get pods', /"kubctl" is no program/],
  ['sh', 'kubectl get geminiwebhook --al-namespaces', /no flag --al-namespaces/],
  ['sh', 'kubectl get geminiwebhoks', /no resource that the API server knows/],
  ['sh', 'kubectl logs deployment/gwh-controler', /"gwh-controler" is no object of an installation/],
  ['sh', 'kubectl gte pods', /"gte" is not a command/],
  ['sh', 'x="$(kubectl get pods --output jsonpath=\'{.a\')"', /unclosed|unterminated/],
  ['sh', 'kubectl apply --filename deploy/samples/none.yaml', /no file deploy\/samples\/none.yaml/],
  [
    'sh',
    "kubectl apply -f - <<'END'\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndate: {}\nEND",
    /unknown field "date"/,
  ],
  ['sh', 'gwh statsu a/b', /not a command; did you mean "gwh status"/],
  ['sh', 'gwh deliveries --sinks=a', /--sinks: is not a setting|--sinks/],
  ['sh', 'helm upgrade a charts/gemini-webhook-operator --set receiver.replicaz=2', /replicaz/],
  ['sh', 'helm upgrade a charts/gemini-webhook-operator --instal', /no flag --instal/],
  ['sh', 'npm run tset', /no script "tset"/],
  ['text', '$ gwh statsu', /not a command/],
  ['yaml', 'a: [', /./],
  ['yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatum: {}', /unknown field "datum"/],
  ['yaml', 'apiVersion: example.com/v1\nkind: Unheard\nmetadata: {name: a}', /no matches for kind/],
  ['yaml', 'sinks: [{name: a, servce: {name: b}}]', /servce/],
  ['yaml', 'receiver: {replicaz: 2}', /replicaz/],
  ['yaml', 'env: [{nam: A}]', /nam/],
  ['yaml', 'unheardOf: 1', /no object is known that has the fields unheardOf/],
  ['json', '{"a": }', /JSON/],
  ['http', 'POST /events\nhost worker', /begins no request/],
  ['ts', 'const = 1', /Expected identifier/],
  ['mermaid', 'flowhart LR\n  a --> b', /mermaid header/],
  ['sql', 'CREATE TABEL a (b text)', /syntax error/],
  ['cel', 'event.tipe == 1', /tipe/],
  ['promql', 'sum(rate(gwh_leader[5m])', /is no PromQL/],
  ['promql', 'sum by (pod) (gwh_leeder)', /nothing exposes the metric gwh_leeder/],
  ['promql', 'sum by (outcom) (gwh_receiver_requests_total)', /has not the label outcom/],
  ['go', 'package mine', /no copy of a program in examples/],
]

await withRealApiServer('every block of the documentation', (server) => {
  before(async () => {
    await applyCrds(server())
    const applied = await server().kubectl([
      'apply',
      '--server-side',
      '-f',
      'test/fixtures/crds',
      '-f',
      'deploy/namespace.yaml',
    ])
    assert.equal(applied.code, 0, applied.stderr)
  })

  withHelm('judged with Helm', (charts) => {
    const chart = charts.at(-1)
    assert.ok(chart)
    const counts = new Map<string, number>()
    let judges: Judges
    let checkout: Checkout
    before(async () => {
      const { kubeconfigPath, kubectlPath } = server()
      checkout = makeCheckout({ kubeconfigPath, programs: { kubectl: kubectlPath }, env: {} })
      judges = await judgesOf(server(), chart, checkout)
    })
    after(() => checkout.remove())
    after(() => {
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
      const parts = [...counts].toSorted(([, a], [, b]) => b - a).map(([kind, count]) => `${count} ${kind}`)
      process.stdout.write(`${total} blocks and mentions on ${docPages.length} pages: ${parts.join(', ')}\n`)
    })
    const judged = (page: string, blocks: readonly DocBlock[]) => async () => {
      const problems: string[] = []
      for (const block of blocks) {
        const verdict = await judge(block, pageOf(page, blocks), judges)
        counts.set(verdict.kind, (counts.get(verdict.kind) ?? 0) + 1)
        problems.push(...verdict.problems.map((problem) => `${page}:${block.line}: ${problem}`))
      }
      assert.deepEqual(problems, [], problems.join('\n'))
    }
    for (const [language, text, said] of mistakes) {
      test(`a mistake is noticed: ${language} ${text.split('\n', 1)[0]}`, async () => {
        const block = { page: 'docs/x.md', line: 1, language, info: '', text }
        const { problems } = await judge(block, pageOf(block.page, [block]), judges)
        assert.match(problems.join('\n'), said)
      })
    }
    for (const page of docPages) {
      const { blocks, inline } = codeIn(page)
      if (blocks.length > 0) test(`${page}: ${blocks.length} blocks`, judged(page, blocks))
      const mentions = inline.filter(({ text }) => /^(gwh|kubectl|helm) [a-z-]/.test(text))
      if (mentions.length === 0) continue
      const asBlocks = mentions.map((mention) => ({ ...mention, language: 'mention', info: '' }))
      test(`${page}: ${mentions.length} commands in sentences`, judged(page, asBlocks))
    }
  })
})

test('a page that counts as typed has a suite that names it', () => {
  const suites = globSync(['test/**/*.ts', '.ci/*'], { exclude: ['test/docs/**'] }).map((path) =>
    readFileSync(path, 'utf8'),
  )
  for (const page of typedPages.filter((each) => existsSync(each)))
    assert.ok(
      suites.some((suite) => suite.includes(page)),
      `no suite types the commands of ${page}`,
    )
})
