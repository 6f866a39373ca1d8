import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const registers = /^(test|describe|suite|for\b.*|await with\w+)\b/
const waits = /^(?:(?:export )?(?:const|let) .*= )?await\b|^for await\b/

/**
 * The suites run with `support/end-with-the-tests.ts`, so that whatever a test leaves open cannot hang them: a file
 * ends with the last of the tests that it has registered by then. One that is registered after a wait might silently
 * never run.
 */
function lateWaits(text: string): string[] {
  const topLevel = text.split('\n').filter((line) => registers.test(line) || waits.test(line))
  const first = topLevel.findIndex((line) => registers.test(line))
  return first === -1 ? [] : topLevel.slice(first + 1).filter((line) => waits.test(line))
}

test('no test file waits for anything once it has registered a test', () => {
  const files = globSync('test/**/*.test.ts')
  const late = files.flatMap((file) => lateWaits(readFileSync(file, 'utf8')).map((line) => `${file}: ${line}`))
  assert.ok(files.length > 400, `${files.length} files`)
  assert.deepEqual(late, [])
})

test('such a wait is found', () => {
  assert.deepEqual(lateWaits("const a = await b()\ntest('x', () => {})\nconst c = await d()\n"), [
    'const c = await d()',
  ])
  assert.deepEqual(lateWaits("await withServer('x', () => {})\nawait withServer('y', () => {})\n").length, 1)
  assert.deepEqual(lateWaits("await withServer('x', async () => {\n  await y()\n})\n"), [])
})
