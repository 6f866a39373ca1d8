import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createUnknownCounter, unknownForms } from '../../../src/gemini/unknown-forms.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { recordedLogger } from '../../support/doubles/recorded-logger.ts'

test('each kind is there from the start, and is counted without its name', async () => {
  const metrics = createMetrics()
  const note = createUnknownCounter({ metrics, logger: recordedLogger('test') })
  const before = (await metrics.expose()).text
  for (const what of unknownForms) assert.ok(before.includes(`gwh_gemini_unknown_total{what="${what}"} 0`), what)
  note({ what: 'EventType', name: 'batch.paused' })
  note({ what: 'EventType', name: 'batch.paused' })
  note({ what: 'ErrorShape' })
  const after = (await metrics.expose()).text
  assert.ok(after.includes('gwh_gemini_unknown_total{what="EventType"} 2'))
  assert.ok(after.includes('gwh_gemini_unknown_total{what="ErrorShape"} 1'))
  assert.ok(!after.includes('batch.paused'))
})

test('a name is told once, a text that is no name never, and no more than a few in all', () => {
  const lines: object[] = []
  const logger = { ...recordedLogger('test'), info: (fields: object) => void lines.push(fields) }
  const note = createUnknownCounter({ metrics: createMetrics(), logger })
  for (let times = 0; times < 3; times += 1) note({ what: 'EventType', name: 'batch.paused' })
  note({ what: 'EventField', name: 'batch.paused' })
  for (const name of ['', 'two words', '{"a":1}', 'x'.repeat(65), 'naïve', '1x', 'a-b'])
    note({ what: 'EventField', name })
  assert.deepEqual(lines, [
    { what: 'EventType', formName: 'batch.paused' },
    { what: 'EventField', formName: 'batch.paused' },
  ])
  for (let at = 0; at < 500; at += 1) note({ what: 'EventField', name: `field_${at}` })
  assert.equal(lines.length, 64)
})
