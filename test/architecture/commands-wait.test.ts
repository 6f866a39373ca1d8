import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

/**
 * A command that waits by the clock, whose timers do not keep the process alive, ends in the middle of its work with 0
 * and without a word: Node finds nothing left to do.
 */
test('no command waits by the clock alone', () => {
  const files = globSync('src/cli/**/*.ts')
  const waiting = files.filter((file) =>
    /import \{[^}]*\bsleep\b[^}]*\} from '[./]*clock\.ts'/.test(readFileSync(file, 'utf8')),
  )
  assert.ok(files.length > 50, `${files.length} files`)
  assert.deepEqual(waiting, [])
})
