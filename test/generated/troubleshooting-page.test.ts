import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { deadLetterReasons } from '../../src/contract/dead-letter-reasons.ts'
import { answers } from '../../src/receiver/status-codes.ts'

const page = readFileSync('docs/troubleshooting.md', 'utf8')
const named = new Set([...page.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, name = '']) => name))

test('every way in which a request is refused is on the page, with its answer', () => {
  const refusals = Object.entries(answers).filter(([, { status }]) => status >= 400)
  assert.ok(refusals.length >= 15)
  for (const [outcome, { status }] of refusals) {
    const row = page.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${outcome}\``))
    assert.match(row ?? '', new RegExp(`\\b${status}\\b`), outcome)
  }
})

test('dead letters that need more than a replay are told why', () => {
  for (const reason of ['OwnerGone', 'SinkRemoved'] as const) {
    assert.ok(deadLetterReasons.includes(reason))
    assert.ok(named.has(reason), reason)
  }
})
