import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ageOf } from '../../../../playground/kubernetes-api/human-duration.ts'
import { compileJsonPath } from '../../../../playground/kubernetes-api/json-path.ts'

const seconds = 1
const minutes = 60
const hours = 60 * minutes
const days = 24 * hours
const years = 365 * days

const ages: [number, string][] = [
  [-2 * seconds, '<invalid>'],
  [0, '0s'],
  [119 * seconds, '119s'],
  [2 * minutes, '2m'],
  [9 * minutes + 59, '9m59s'],
  [10 * minutes + 59, '10m'],
  [179 * minutes, '179m'],
  [3 * hours, '3h'],
  [7 * hours + 59 * minutes, '7h59m'],
  [47 * hours, '47h'],
  [2 * days, '2d'],
  [7 * days + 23 * hours, '7d23h'],
  [8 * days + hours, '8d'],
  [729 * days, '729d'],
  [2 * years, '2y'],
  [3 * years + 10 * days, '3y10d'],
  [9 * years + 10 * days, '9y'],
]
for (const [age, text] of ages) {
  test(`an age of ${age} s is printed as ${text}`, () => {
    const now = Date.parse('2026-11-21T12:00:00Z')
    assert.equal(ageOf(new Date(now - age * 1000).toISOString(), now), text)
  })
}

test('no time has no age', () => {
  assert.deepEqual([ageOf(undefined, 0), ageOf('', 0), ageOf('nonsense', 0)], ['<unknown>', '<unknown>', '<unknown>'])
})

const object = {
  spec: { size: 5, 'a.b': { c: 1 }, tags: ['x', 'y'] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False', count: 2 },
    ],
  },
}
const paths: [string, unknown[]][] = [
  ['.spec.size', [5]],
  ['.spec.missing.deeper', []],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type=='Ready')].status", ['True']],
  ['.status.conditions[?(@.type!="Ready")].type', ['Other']],
  ['.status.conditions[?(@.count==2)].type', ['Other']],
  ['.spec.tags[0]', ['x']],
  ['.spec.tags[-1]', ['y']],
  ['.spec.tags[5]', []],
  ['.spec.tags[*]', ['x', 'y']],
  [".spec['a.b'].c", [1]],
  ['.spec.a\\.b.c', [1]],
]
for (const [path, want] of paths) {
  test(`the JSONPath ${path} finds ${JSON.stringify(want)}`, () => {
    assert.deepEqual(compileJsonPath(path)(object), want)
  })
}

test('a JSONPath that cannot be read is refused with its place', () => {
  assert.throws(
    () => compileJsonPath('.a[?(@.b =~ "c")]'),
    /JSONPath .*: cannot read the part at 2: \[\?\(@\.b =~ "c"\)\]/,
  )
})
