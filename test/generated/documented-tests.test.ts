import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const pages = [
  ['docs/rotation.md', 11],
  ['docs/policies.md', 11],
  ['docs/guarantees.md', 11],
  ['docs/tenancy.md', 11],
  ['docs/security.md', 20],
  ['SECURITY.md', 11],
] as const
const link = /\[test\]\(([^ )]+) (["'])(.+?)\2\)/g

for (const [page, least] of pages) {
  test(`every test that ${page} names exists`, () => {
    const links = [...readFileSync(page, 'utf8').matchAll(link)]
    assert.ok(links.length >= least, `${links.length} links`)
    for (const [, path = '', , title = ''] of links) {
      const file = join(dirname(page), path)
      const source = readFileSync(file, 'utf8')
      const isThere = [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted))
      assert.ok(isThere, `${file} has no test "${title}"`)
    }
  })
}

test('every promise and every failure on the page of guarantees has its test', () => {
  const lines = readFileSync('docs/guarantees.md', 'utf8').split('\n')
  const tables = lines.flatMap((line, at) => (/^\| .*\| Test +\|$/.test(line) ? [at] : []))
  assert.equal(tables.length, 5)
  for (const start of tables) {
    const after = lines.slice(start + 2)
    const rows = after.slice(
      0,
      after.findIndex((line) => !line.startsWith('|')),
    )
    assert.ok(rows.length >= 5, `${rows.length} rows`)
    for (const row of rows) assert.match(row.split('|').at(-2) ?? '', /\[test\]\(/, row.slice(0, 80))
  }
})

for (const { page, each, least } of [
  { page: 'docs/policies.md', each: 'cell', least: 27 },
  { page: 'docs/rotation.md', each: 'row', least: 14 },
] as const) {
  test(`every ${each} of the tables of ${page} has its test, in the last column`, () => {
    const lines = readFileSync(page, 'utf8').split('\n')
    const rows = lines.filter((line, at) => line.startsWith('|') && !isHead(lines, at)).map(cellsOf)
    assert.ok(rows.length >= least, `${rows.length} rows`)
    for (const [name = '', ...cells] of rows) {
      const tests = cells.pop()?.match(/\[test\]\(/g) ?? []
      assert.doesNotMatch([name, ...cells].join(), /\[test\]\(/, name)
      assert.ok(tests.length >= (each === 'cell' ? cells.filter((cell) => cell !== '').length : 1), `${page}: ${name}`)
    }
  })
}

/** The line of titles, or the one of dashes below it. */
function isHead(lines: readonly string[], at: number): boolean {
  return [lines[at], lines[at + 1]].some((line) => /^\|[ -|]+\|$/.test(line ?? '') && /---/.test(line ?? ''))
}

/** A link may carry a bar in its title; none does so far, and such a row would be told as one without a link. */
function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}
