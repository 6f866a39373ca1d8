import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { logEvents } from '../../src/observability/log-events.ts'

const names = Object.keys(logEvents)
const meanings: Readonly<Record<string, { means: string; fields: readonly string[] }>> = logEvents

interface LoggedLine {
  where: string
  event: string
  /** Keys of a literal object of details; what is spread into it cannot be seen here. */
  keys: string[]
}

/** Every call of a logger, with its arguments as they stand in the code. */
function loggedLines(file: string): LoggedLine[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/[lL]ogger\??\.(?:debug|info|warn|error)\(/g)].flatMap((call) => {
    const from = call.index + call[0].length
    const given = text.slice(from, closingOf(text, from))
    const where = `${file}:${text.slice(0, call.index).split('\n').length}`
    const last = /,\s*(['`])([^'`]*)\1,?\s*$/.exec(given)
    const [, quote, event] = last ?? []
    if (last === null || event === undefined) return [{ where, event: '', keys: [] }]
    const wanted = quote === '`' ? names.filter((name) => name.endsWith(event.slice(event.indexOf('}') + 1))) : [event]
    return wanted.map((each) => ({ where, event: each, keys: keysOf(given.slice(0, last.index)) }))
  })
}

function closingOf(text: string, from: number): number {
  let depth = 1
  let at = from
  for (; depth > 0; at += 1) depth += '({['.includes(text[at] ?? '') ? 1 : ')}]'.includes(text[at] ?? '') ? -1 : 0
  return at - 1
}

function keysOf(given: string): string[] {
  const literal = /^\s*\{([\s\S]*)\}/.exec(given)?.[1] ?? ''
  // Only the outermost level: what is nested belongs to a value.
  let flat = literal
  for (let before = ''; before !== flat;) {
    before = flat
    flat = flat.replace(/\([^(){}[\]]*\)|\{[^(){}[\]]*\}|\[[^(){}[\]]*\]/g, '')
  }
  return flat
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !part.startsWith('...'))
    .map((part) => part.split(':', 1)[0] ?? '')
}

const lines = globSync('{src,playground}/**/*.ts').toSorted().flatMap(loggedLines)

test('every line that is logged is an event of the table, with fields of the table', () => {
  assert.ok(lines.length > 60, 'the calls are found')
  const strays = lines.flatMap(({ where, event, keys }) => {
    const meaning = meanings[event]
    if (meaning === undefined) return [`${where}: "${event}" is not in log-events.ts`]
    return keys.filter((key) => !meaning.fields.includes(key)).map((key) => `${where}: ${event} has no field ${key}`)
  })
  assert.deepEqual(strays, [])
})

test('every event of the table is logged somewhere', () => {
  const logged = new Set(lines.map(({ event }) => event))
  assert.deepEqual(
    names.filter((name) => !logged.has(name)),
    [],
  )
})

test('names have one spelling, and an error one key', () => {
  for (const [name, { fields }] of Object.entries(meanings)) {
    assert.match(name, /^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+$/)
    for (const key of fields) assert.ok(!['err', 'status', 'message', 'level'].includes(key), `${name}: ${key}`)
  }
})
