import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const maxColumns = 120
const isComment = /^\s*(\/\/|\/?\*)/
/** Whose form is given: an excuse of a mutation must be one line. */
const isDirective = /^\s*\/\/ (Stryker|oxlint)/

test('lines of comments fit into 120 columns, as code does', () => {
  const files = globSync('{src,playground,test,bench,tools,demo,examples}/**/*.{ts,mjs}', {
    exclude: ['**/node_modules/**'],
  })
  const long = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, at) =>
        line.length > maxColumns && isComment.test(line) && !isDirective.test(line) ? [`${file}:${at + 1}`] : [],
      ),
  )
  assert.ok(files.length > 1_000, `${files.length} files`)
  assert.deepEqual(long, [])
})
