import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import {
  firstSlotOf,
  formerConfigMapName,
  slotCount,
  slotNames,
} from '../../../../src/contract/receiver-report/slots.ts'

test('receivers with ordinals have places of their own, all others one of the list', () => {
  const ordinals = Array.from({ length: slotCount }, (_, n) => firstSlotOf(`gwh-receiver-${n}`))
  assert.deepEqual(
    ordinals.toSorted((a, b) => a - b),
    [...slotNames.keys()],
  )
  for (const pod of ['gwh-receiver-6d5f9c7b8-x2x4z', 'gwh-receiver-6d5f9c7b8-24567', '', 'x'.repeat(253), 'r-99999']) {
    const slot = firstSlotOf(pod)
    assert.ok(Number.isInteger(slot) && slot >= 0 && slot < slotCount, pod)
    assert.equal(firstSlotOf(pod), slot)
  }
})

test('the roles that ship name exactly these ConfigMaps', () => {
  for (const [role, verbs] of [
    ['receiver', '[get, patch]'],
    ['controller', '[delete]'],
  ]) {
    const text = readFileSync(`deploy/rbac/${role}.yaml`, 'utf8')
    const names = [...slotNames, formerConfigMapName].map((name) => `\\s+- ${name}\\n`).join('')
    assert.match(text, new RegExp(`resourceNames:\\n${names}\\s+verbs: ${verbs?.replaceAll(/[[\]]/g, '\\$&')}`))
  }
})
