import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Admission } from '../../../src/inbox/admission.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

function anAdmission() {
  const clock = new FakeClock()
  const told: string[] = []
  const note = (_details: object, message: string) => void told.push(message)
  const admission = new Admission({ clock, logger: { ...silentLogger, error: note, info: note } })
  return { clock, told, admission }
}

test('an obstacle stays until a look finds nothing, and ten seconds after the last refusal at least', async () => {
  const { clock, told, admission } = anAdmission()
  assert.equal(admission.obstacle, undefined)
  admission.block('Full')
  admission.clear()
  assert.equal(admission.obstacle, 'Full')
  await clock.advance({ seconds: 9 })
  admission.block('Full')
  await clock.advance({ seconds: 9 })
  admission.clear()
  assert.equal(admission.obstacle, 'Full')
  await clock.advance({ seconds: 1 })
  assert.equal(admission.obstacle, 'Full', 'by itself time proves nothing')
  admission.clear()
  assert.equal(admission.obstacle, undefined)
  assert.deepEqual(told, ['inbox.takes_nothing', 'inbox.takes_again'], 'once each')
})

test('what comes back as soon as events come again stays twice as long each time, a minute at most', async () => {
  const { clock, admission } = anAdmission()
  for (const seconds of [10, 20, 40, 60, 60]) {
    admission.block('WritesFail')
    await clock.advance({ ms: seconds * 1_000 - 1 })
    admission.clear()
    assert.equal(admission.obstacle, 'WritesFail', `${seconds} s`)
    await clock.advance({ ms: 1 })
    admission.clear()
    assert.equal(admission.obstacle, undefined, `${seconds} s`)
  }
  await clock.advance({ minutes: 1 })
  admission.block('WritesFail')
  await clock.advance({ seconds: 10 })
  admission.clear()
  assert.equal(admission.obstacle, undefined, 'after a minute without, it is a new one')
})
