import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { cutNote, maxNoteBytes, toEventObject, type NewKubernetesEvent } from '../../../src/kubernetes/event-object.ts'

const noon = Date.parse('2026-11-21T12:00:00.123Z')
const reporter = { controller: 'example.io/controller', instance: 'pod-1' }

function anEvent(name: string, note = 'It happened'): NewKubernetesEvent {
  return {
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ml', name, uid: 'u-1' },
    type: 'Normal',
    reason: 'Happened',
    action: 'Trying',
    note,
  }
}

test('names differ by what is said, by who says it and by when it began', () => {
  const names = [
    toEventObject(anEvent('x'), reporter, noon),
    toEventObject(anEvent('x', 'Otherwise'), reporter, noon),
    toEventObject(anEvent('x'), { ...reporter, instance: 'pod-2' }, noon),
    toEventObject(anEvent('x'), reporter, noon + 1),
  ].map(({ metadata }) => metadata.name)
  assert.equal(new Set(names).size, 4)
  assert.equal(toEventObject(anEvent('x'), reporter, noon).metadata.name, names[0], 'and are the same for the same')
})

test('a name of 253 characters leaves room for the hash and stays a DNS subdomain', () => {
  const name = toEventObject(anEvent(`${'a'.repeat(235)}.${'b'.repeat(17)}`), reporter, noon).metadata.name
  assert.ok(name.length <= 253)
  assert.match(name, /^a+\.[0-9a-f]{16}$/)
})

test('the time has the six digits that the API server insists on', () => {
  assert.equal(toEventObject(anEvent('x'), reporter, noon).eventTime, '2026-11-21T12:00:00.123000Z')
})

test('events about cluster-scoped objects live in the default namespace', () => {
  const event = anEvent('node-1')
  const object = toEventObject({ ...event, regarding: { ...event.regarding, namespace: '' } }, reporter, noon)
  assert.equal(object.metadata.namespace, 'default')
})

test('any note fits the limit in bytes and never ends in half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), (note) => {
      const cut = cutNote(note)
      assert.ok(Buffer.byteLength(cut) <= maxNoteBytes)
      assert.ok(!cut.includes('\uFFFD') || note.includes('\uFFFD'))
      if (Buffer.byteLength(note) <= maxNoteBytes) assert.equal(cut, note)
      else assert.ok(note.startsWith(cut.slice(0, -3)) && cut.endsWith('...'))
    }),
  )
})
