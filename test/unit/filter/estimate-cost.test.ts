import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Environment } from '@marcbachmann/cel-js'

import { createCelEnvironment } from '../../../src/filter/cel-environment.ts'
import { estimateCost } from '../../../src/filter/estimate-cost.ts'

const estimate = (cel: string, environment = createCelEnvironment()) => estimateCost(environment.parse(cel).ast)

/**
 * The worst value inside `eventLimits`: comparing it with its equal looks at 2,000 values and at 32 KiB in steps of 64
 * characters.
 */
const whole = { items: 100, text: 512, weight: 2_512 }
/** Costs 2: one step for `event`, one for its field. */
const any = 'event.data'
/** A text that is looked at in one step. */
const line = `"${'a'.repeat(64)}"`

/** Each node is one step; what stands beside the count of nodes is what the operator or the function does. */
const costs: { cel: string; units: number }[] = [
  { cel: 'true', units: 1 },
  { cel: any, units: 2 },
  { cel: `!${any}`, units: 3 },
  { cel: `-${any}`, units: 3 },
  { cel: '1 % 2', units: 3 },
  { cel: '1 - 2', units: 3 },
  { cel: 'true && false', units: 3 },
  { cel: 'true || false', units: 3 },

  { cel: `${any} == ${any}`, units: 5 + whole.weight },
  { cel: `${any} != ${any}`, units: 5 + whole.weight },
  { cel: `${any} == 1`, units: 4 + 1 },
  { cel: `${line} == ${line}`, units: 3 + 2 },
  { cel: '"" == ""', units: 3 + 1 },
  { cel: 'b"ab" == b"ab"', units: 3 + 1 + 2 / 64 },
  { cel: `1 in ${any}`, units: 4 + whole.items * 2 },
  { cel: `${any} in ${any}`, units: 5 + whole.weight + whole.items },
  // Texts are chained: they are copied when something looks at them.
  { cel: `${any} + ${any}`, units: 5 + 2 * (whole.items + whole.text / 16) },
  { cel: `${line} + ${any}`, units: 4 + (1 + whole.text) / 16 },
  { cel: `${any} + string(${any})`, units: 6 + whole.text + (2 * whole.text) / 16 },
  { cel: `${any} + ${any} == ${any} + ${any}`, units: 11 + 4 * (whole.items + whole.text / 16) + 2 * whole.weight },
  { cel: `${any} < ${any}`, units: 5 + whole.text },
  { cel: `${any} >= ${line}`, units: 4 + 1 },
  { cel: `${any}["a"] == ${any}`, units: 7 + whole.weight },

  { cel: `size(true ? ${any} : 1)`, units: 6 + whole.text + 1 / 64 },
  { cel: `size(true ? 1 : ${any})`, units: 6 + whole.text + 1 / 64 },
  { cel: `(true ? ${any} : 1) == ${any}`, units: 8 + whole.weight },
  { cel: `${line}.contains(true ? ${any} : ${line})`, units: 7 + 1 + 512 },
  { cel: `${line}.contains(${any} + ${line})`, units: 6 + (whole.text + 1) / 16 + 1 + 513 },
  { cel: `(true ? ${any} : 1).all(x, true)`, units: 6 + whole.items },

  { cel: `["a", "b", "c"].all(x, true)`, units: 5 + 3 },
  { cel: `["a", ${any}].all(x, true)`, units: 5 + whole.items },
  { cel: `size(["a", ${any}])`, units: 5 + whole.text + 1 / 64 },
  { cel: `[${any}, 1] == [${any}, 1]`, units: 9 + 1 + whole.weight + 1 },
  { cel: '{"a": 1, "b": 2}.all(x, true)', units: 6 + 2 },
  { cel: `size({"a": ${any}})`, units: 5 + whole.text + 1 / 64 },

  { cel: `${any}.all(x, x == x)`, units: 3 + whole.items * 3 + whole.weight },
  { cel: `${any}.all(x, ${any} == ${any})`, units: 3 + whole.items * (5 + whole.weight) },
  { cel: `${any}.all(x, size(x) == 1)`, units: 3 + whole.items * (4 + 1) + whole.text },
  { cel: `${any}.all(x, x.contains(${line}))`, units: 3 + whole.items * 3 + whole.text + 8 * 64 },
  { cel: `${any}.all(x, ${line}.contains(x))`, units: 3 + whole.items * (3 + 1) + 8 * 64 },
  // Of two parts of the event each may be the long one.
  { cel: `${any}.all(x, x.contains(x))`, units: 3 + whole.items * 3 + whole.text + (64 * 512 * 64 * 512) / 4096 },
  { cel: `${any}.all(x, x.all(y, size(y) == 1))`, units: 3 + whole.items * (2 + whole.items * 5) + whole.text },
  { cel: `${any}.all(x, ${any}.all(y, x == y))`, units: 3 + whole.items * (3 + whole.items * 3 + whole.weight) },
  { cel: `${any}.all(x, (true ? x : ${line}) == x)`, units: 3 + whole.items * 6 + whole.weight },
  { cel: `size(${any}.map(x, x))`, units: 4 + whole.items + whole.text },
  { cel: `${any}.map(x, x) == ${any}.map(x, x)`, units: 7 + 2 * whole.items + whole.weight },
  { cel: `${any}.all(x, ${any}.exists(y, true))`, units: 3 + whole.items * (3 + whole.items) },
  { cel: '"a".all(x, true)', units: 2 + 1 },
  { cel: `${any}.exists(x, true) == ${any}`, units: 6 + whole.items + 1 },
  { cel: `${any}.filter(x, true) == ${any}`, units: 6 + whole.items + whole.weight },
  { cel: `${any}.map(x, 1) == ${any}`, units: 6 + whole.items + whole.items },
  { cel: `${any}.map(x, 1).all(y, true)`, units: 4 + whole.items + whole.items },
  { cel: `"a".map(x, ${any}).all(y, true)`, units: 5 + whole.items },
  { cel: `"a".map(x, ${any}) == ${any}`, units: 7 + whole.weight },
  { cel: `size(${any}.map(x, ${line}))`, units: 4 + whole.items + whole.items * 1 },

  { cel: `has(${any}.a)`, units: 4 },
  { cel: `size(${any})`, units: 3 + whole.text },
  { cel: `type(${any}) == ${any}`, units: 6 + 1 + 1 },
  { cel: `dyn(${any}) == ${any}`, units: 6 + 1 + whole.weight },
  { cel: `string(${any}) == ${any}`, units: 6 + whole.text + whole.weight },
  { cel: `${any}.substring(1) == ${any}`, units: 7 + whole.text + whole.weight },
]

for (const name of ['int', 'uint', 'double', 'bool', 'timestamp', 'duration']) {
  costs.push({ cel: `${name}(${any}) == ${any}`, units: 6 + whole.text + 1 })
}
for (const name of ['lowerAscii', 'upperAscii', 'trim']) {
  costs.push({ cel: `${any}.${name}() == ${any}`, units: 6 + whole.text + whole.weight })
}
costs.push({ cel: `${any}.size() == ${any}`, units: 6 + whole.text + 1 })
for (const name of ['startsWith', 'endsWith']) {
  costs.push({ cel: `${any}.${name}(${line}) == ${any}`, units: 7 + 1 + 1 })
}
for (const name of ['contains', 'indexOf', 'lastIndexOf']) {
  costs.push({ cel: `${any}.${name}(${line}) == ${any}`, units: 7 + whole.text + 8 * 64 + 1 })
}
const dateParts = ['Date', 'DayOfMonth', 'DayOfWeek', 'DayOfYear', 'FullYear', 'Month']
for (const part of [...dateParts, 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
  costs.push({ cel: `${any}.get${part}() == ${any}`, units: 6 + 5 + 1 })
  costs.push({ cel: `${any}.get${part}("UTC") == ${any}`, units: 7 + 500 + 1 })
}

for (const { cel, units } of costs) {
  test(`${cel.replaceAll(line, '"a line"')} costs ${units}`, () => {
    assert.deepEqual({ ...estimate(cel) }, { units, refusals: [] })
  })
}

test('an optional element is as big as an element, should the language ever have it', () => {
  const withOptionals = new Environment({ enableOptionalTypes: true })
  assert.equal(estimate(`${any}[?"a"] == ${any}`, withOptionals).units, 7 + whole.weight)
})

/** The type check refuses these, for the overloads are not there; the estimate must not fall over them. */
for (const { cel, units } of [
  { cel: `${any}.all()`, units: 3 },
  { cel: `${any}.map(1) == ${any}`, units: 6 + 1 },
  { cel: 'size()', units: 1 + 1 },
  { cel: `${any}.startsWith()`, units: 3 + 1 },
]) {
  test(`${cel}, which lacks an argument, costs ${units}`, () => {
    assert.deepEqual({ ...estimate(cel) }, { units, refusals: [] })
  })
}

const refused: { cel: string; refusals: string[] }[] = [
  { cel: '"event".nope', refusals: [] },
  { cel: `${any}.nope`, refusals: [] },
  {
    cel: 'event.nope',
    refusals: ['an event has no field "nope", only type, version, timestamp, data, metadata, mode, age'],
  },
  { cel: '{"a": 1, "constructor": 1}', refusals: ['a map cannot have the key "constructor"'] },
  {
    cel: `${any}.matches("a")`,
    refusals: ['the function matches is not available to filters; use startsWith, endsWith, contains or =='],
  },
  { cel: `${any}.join()`, refusals: ['the function join is not available to filters'] },
  { cel: 'split("a")', refusals: ['the function split is not available to filters'] },
  {
    cel: `${any}.all(event, true)`,
    refusals: ['the variable of a loop is called event; give it another name'],
  },
  { cel: `${any}.all(x, x.all(y, true))`, refusals: [] },
  { cel: `${any}.all(x, x.all(y, y.all(z, z.all(a, true))))`, refusals: ['loops are nested deeper than 2'] },
]

for (const { cel, refusals } of refused) {
  test(`${cel} is refused for ${refusals.length} reasons`, () => assert.deepEqual(estimate(cel).refusals, refusals))
}
