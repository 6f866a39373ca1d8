import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { gwhCommands } from '../support/processes/gwh-command.ts'

const commands = gwhCommands().filter(({ isHidden }) => isHidden !== true)

test('the page of commands has a row for every command, and none for another', () => {
  const rows = readFileSync('docs/commands.md', 'utf8').matchAll(/^\| `gwh ([a-z]+)/gm)
  const told = new Set([...rows].map(([, name]) => name))
  assert.deepEqual(told, new Set(commands.map(({ name }) => name)))
})

test('every command that a page, an alert or a text of the chart names exists', () => {
  const known = new Set(['controller', 'receiver', 'sandbox', ...commands.map(({ name }) => name)])
  const files = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'charts/**/*.{yaml,txt}'])
  const named = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/`gwh ([a-z]+)/g)].map(([, name = '']) => ({ file, name })),
  )
  assert.ok(named.length >= 60, `${named.length} commands are named`)
  assert.deepEqual(
    named.filter(({ name }) => !known.has(name)),
    [],
  )
})
