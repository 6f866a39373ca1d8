import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, test } from 'node:test'

import { parse } from 'yaml'

import { narrowings } from '../support/measures/narrowings.ts'
import { previousPrograms, withoutPrevious } from '../support/processes/previous-programs.ts'

interface Crd {
  spec: { versions: { name: string; schema: { openAPIV3Schema: { properties: Record<string, unknown> } } }[] }
}

const versionsIn = (file: string) => (parse(readFileSync(file, 'utf8')) as Crd).spec.versions
const previous = previousPrograms()

describe('the CRDs', { skip: previous.length === 0 && withoutPrevious }, () => {
  for (const { version, program } of previous) {
    test(`of today take every field that those of ${version} took`, () => {
      const files = globSync(join(dirname(program), 'crds', '*.yaml'))
      assert.notEqual(files.length, 0, `${version} has CRDs`)
      for (const file of files) {
        const after = versionsIn(join('crds', basename(file)))
        for (const { name, schema } of versionsIn(file)) {
          const successor = after.find((each) => each.name === name)?.schema.openAPIV3Schema
          assert.ok(successor, `${basename(file)}: ${name} is no longer there`)
          const { spec, status } = schema.openAPIV3Schema.properties
          const { spec: newSpec, status: newStatus } = successor.properties
          assert.deepEqual([...narrowings(spec, newSpec, 'spec'), ...narrowings(status, newStatus, 'status')], [])
        }
      }
    })
  }
})

test('whatever takes less than before is found, and what takes more is not', () => {
  const text = { type: 'string', maxLength: 10, enum: ['a', 'b'] }
  const before = { type: 'object', properties: { kept: text, gone: text, list: { type: 'array', items: text } } }
  const after = {
    type: 'object',
    required: ['kept'],
    properties: {
      kept: { type: 'string', maxLength: 9, minLength: 1, pattern: '^a', enum: ['a'] },
      list: { type: 'array', maxItems: 3, items: { type: 'integer' } },
      added: text,
    },
  }
  assert.deepEqual(narrowings(before, after, 'spec').toSorted(), [
    'spec.gone: is removed',
    'spec.kept: is required now',
    'spec.kept: maxLength is lower',
    'spec.kept: minLength is higher',
    'spec.kept: no longer takes b',
    'spec.kept: pattern changes',
    'spec.list: maxItems is lower',
    'spec.list[]: type changes',
  ])
  const more = { ...before, properties: { ...before.properties, kept: { type: 'string' }, added: text } }
  assert.deepEqual(narrowings(before, more), [])
})
