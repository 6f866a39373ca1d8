import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import * as conventions from '@opentelemetry/semantic-conventions/incubating'

const known = new Set<unknown>(Object.values(conventions))

test('attributes have the names of the semantic conventions, or begin with gwh.', () => {
  const files = ['receiver/trace-delivery', 'sinks/trace-attempts', 'dispatcher/trace-step', 'tracing/open-tracing']
  const names = files.flatMap((file) => {
    const text = readFileSync(`src/${file}.ts`, 'utf8')
    return [...text.matchAll(/'((?:[a-z]+[._])+[a-z_]+)'(?=:|,)/g)].map(([, name = '']) => name)
  })
  assert.ok(names.length > 30, names.join(' '))
  const unknown = names.filter((name) => name.includes('.') && !name.startsWith('gwh.') && !known.has(name))
  assert.deepEqual(unknown, [])
})
