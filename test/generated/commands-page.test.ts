import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { gwhCommands } from '../support/gwh-command.ts'

test('the page of commands has a row for every command, and none for another', () => {
  const rows = readFileSync('docs/commands.md', 'utf8').matchAll(/^\| `gwh ([a-z]+)/gm)
  const told = new Set([...rows].map(([, name]) => name))
  assert.deepEqual(told, new Set(gwhCommands().map(({ name }) => name)))
})
