import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { statusSchema } from '../../../../src/api/status.ts'
import { foldDelivery } from '../../../../src/controller/status/fold-delivery.ts'
import { readReport } from '../../../../src/controller/reports/read-report.ts'
import { foldReports } from '../../../../src/controller/reports/receiver-reports.ts'
import { foldSinkReports } from '../../../../src/controller/reports/sink-reports.ts'

const nowMs = Date.parse('2026-11-29T16:00:00Z')
const now = '2026-11-29T16:00:00Z'

const refusedIn = (text: string) => Object.fromEntries(readReport(text, nowMs)?.refused ?? [['report', 1]])
const endpoint = (fields: string) => `{"endpoints":{"u":{${fields}},"good":{"pending":1}}}`

const awayed = (fields: string) => `{"away":{${fields}},"endpoints":{"good":{"pending":1}}}`

/** A field of a report as raw JSON, because much of this no serializer writes; and what of it is refused. */
const nonsense: [what: string, text: string, refused: Record<string, number>][] = [
  ['no JSON', 'not json', { report: 1 }],
  ['nothing', '', { report: 1 }],
  ['a list', '[]', { report: 1 }],
  ['null', 'null', { report: 1 }],
  ['no endpoints', '{}', { report: 1 }],
  ['endpoints as a list', '{"endpoints":[]}', { report: 1 }],
  ['a megabyte', `{"endpoints":{},"x":"${'x'.repeat(1024 * 1024)}"}`, { report: 1 }],
  ['nesting', `{"endpoints":{"u":${'['.repeat(100_000)}${']'.repeat(100_000)},"good":{"pending":1}}}`, { endpoint: 1 }],
  ['NaN', endpoint('"pending":NaN'), { report: 1 }],
  ['Infinity', endpoint('"pending":1e400'), { count: 1 }],
  ['a huge count', endpoint('"pending":1e300'), { count: 1 }],
  ['a count beyond the bound', endpoint('"pending":1000000001'), { count: 1 }],
  ['a negative count', endpoint('"pending":-1'), { count: 1 }],
  ['half a delivery', endpoint('"pending":0.5'), { count: 1 }],
  ['a count as text', endpoint('"pending":"7"'), { count: 1 }],
  ['a count as a list', endpoint('"pending":[7]'), { count: 1 }],
  ['no count', endpoint(''), { count: 1 }],
  [
    'a time away that ends before it began',
    awayed('"since":"2026-11-28T16:00:00Z","until":"2026-11-27T16:00:00Z"'),
    { time: 1 },
  ],
  ['a time away without an end', awayed('"since":"2026-11-28T16:00:00Z"'), { time: 1 }],
  ['a time away that is to come', awayed('"since":"2026-11-28T16:00:00Z","until":"2027-01-01T00:00:00Z"'), { time: 2 }],
  ['a time away that is none', '{"away":7,"endpoints":{"good":{"pending":1}}}', { time: 1 }],
  ['the future', endpoint('"pending":0,"lastVerifiedTime":"9999-12-31T00:00:00Z"'), { time: 1 }],
  ['six minutes ahead', endpoint('"pending":0,"refusingSince":"2026-11-29T16:06:00Z"'), { time: 1 }],
  ['the far past', endpoint('"pending":0,"refusingSince":"0001-01-01T00:00:00Z"'), { time: 1 }],
  ['a day that is none', endpoint('"pending":0,"lastDropTime":"2026-02-31T00:00:00Z"'), { time: 1 }],
  ['an hour that is none', endpoint('"pending":0,"lastDropTime":"2026-02-03T24:00:00Z"'), { time: 1 }],
  ['a zone', endpoint('"pending":0,"lastDropTime":"2026-02-03T20:00:00+01:00"'), { time: 1 }],
  ['a time as a number', endpoint(`"pending":0,"lastDropTime":${nowMs}`), { time: 1 }],
  ['a time of a megabyte', endpoint(`"pending":0,"lastDropTime":"${'9'.repeat(900_000)}"`), { time: 1 }],
  ['a check as text', endpoint('"pending":0,"check":"a"'), { check: 1 }],
  [
    'a check with a long id',
    endpoint(`"pending":0,"check":{"attemptID":"${'a'.repeat(200)}","keyID":"k"}`),
    { check: 1 },
  ],
  [
    'a check with control characters',
    endpoint('"pending":0,"check":{"attemptID":"a\\u0000","keyID":"k"}'),
    { check: 1 },
  ],
  ['half a character', endpoint('"pending":0,"check":{"attemptID":"\\ud800","keyID":"k"}'), { check: 1 }],
  ['a uid that is no text', '{"endpoints":{"\\ufffd\\ud800":{"pending":9},"good":{"pending":1}}}', { endpoint: 1 }],
  ['an endpoint as null', '{"endpoints":{"u":null,"good":{"pending":1}}}', { endpoint: 1 }],
  ['the prototype', '{"endpoints":{"__proto__":{"pending":9},"good":{"pending":1}}}', { endpoint: 1 }],
  ['a uid with a slash', '{"endpoints":{"a/b":{"pending":9},"good":{"pending":1}}}', { endpoint: 1 }],
  ['sinks as text', '{"endpoints":{"good":{"pending":1}},"sinks":"many"}', { sink: 1 }],
  [
    'the prototype of sinks',
    '{"endpoints":{"good":{"pending":1}},"sinks":{"u":{"__proto__":{"pending":1}}}}',
    { sink: 1 },
  ],
  [
    'a sink with a day that is none',
    '{"endpoints":{"good":{"pending":1}},"sinks":{"u":{"s":{"since":"2026-02-31T00:00:00Z"}}}}',
    { sink: 1 },
  ],
  [
    'a sink that fails from tomorrow',
    '{"endpoints":{"good":{"pending":1}},"sinks":{"u":{"s":{"since":"2026-11-30T00:00:00Z"}}}}',
    { time: 1 },
  ],
  [
    'packed entries that are none',
    '{"endpoints":{"good":{"pending":1}},"packed":"x;AAAAAAAAAAAAAAAAAAAAAA,!;"}',
    { endpoint: 2 },
  ],
  [
    'packed lies',
    '{"endpoints":{"good":{"pending":1}},"packed":"AAAAAAAAAAAAAAAAAAAAAA,zzzzzzzz,zzzzzzzz,zzzzzzzz,zzzzzzzz;"}',
    { count: 1, time: 3 },
  ],
  ['packed as a list', '{"endpoints":{"good":{"pending":1}},"packed":[]}', { endpoint: 1 }],
  ['a time of writing ahead', `{"time":"9999-12-31T00:00:00Z","endpoints":{"good":{"pending":1}}}`, { time: 1 }],
]

for (const [what, text, refused] of nonsense) {
  test(`${what} is refused and counted, the rest counts, and no status suffers`, () => {
    assert.deepEqual(refusedIn(text), refused)
    const folded = foldReports({ data: { a: text } }, nowMs)
    assert.equal(folded.get('good')?.pending ?? 1, 1)
    assert.equal(({} as Record<string, unknown>)['pending'], undefined)
    for (const [, report] of folded) expectStorable(report)
  })
}

test('the step that hands events on to routes is reported as a sink, by a name that no sink of a spec can have', () => {
  const text = '{"endpoints":{},"sinks":{"u":{"$routes":{"pending":3},"$other":{"pending":1}}}}'
  assert.deepEqual(readReport(text, nowMs)?.report.sinks, { u: { $routes: { pending: 3 } } })
  assert.deepEqual(refusedIn(text), { sink: 1 })
})

/** As the API server would judge the status that comes of it. */
function expectStorable(report: Parameters<typeof foldDelivery>[1]) {
  const delivery = foldDelivery(undefined, report)
  const checked = statusSchema.safeParse({ delivery })
  assert.ok(checked.success, JSON.stringify(delivery))
  for (const time of [delivery?.lastVerifiedTime, delivery?.refusingSince, delivery?.lastDropTime]) {
    if (time === undefined) continue
    assert.equal(new Date(time).toISOString().slice(0, 19), time.slice(0, 19))
    assert.ok(Date.parse(time) <= nowMs + 300_000)
  }
}

test('a uid that is said twice counts once', () => {
  const text = '{"endpoints":{"u":{"pending":3},"u":{"pending":5}}}'
  assert.equal(foldReports({ data: { a: text } }, nowMs).get('u')?.pending, 5)
})

test('what thousands of receivers that do not exist say together stays a count', () => {
  const data = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, n) => [
      `r-${n}`,
      '{"ownInbox":true,"endpoints":{"u":{"pending":1000000000}},"sinks":{"u":{"s":{"pending":1000000000,"deadLetters":1000000000}}}}',
    ]),
  )
  assert.equal(foldReports({ data }, nowMs).get('u')?.pending, 1_000_000_000)
  const sink = foldSinkReports({ data }, nowMs).of('u').byName.get('s')
  assert.deepEqual([sink?.pending, sink?.deadLetters], [1_000_000_000, 1_000_000_000])
})

test('whatever the values, reading throws nothing and what comes of it can be stored', () => {
  const time = fc.oneof(
    fc.constant(now),
    fc.string(),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  )
  const field = fc.oneof(time, fc.double(), fc.jsonValue())
  const said = fc.record(
    { check: field, lastVerifiedTime: field, refusingSince: field, lastDropTime: field, pending: field },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(said, fc.jsonValue())), field, (endpoints, packed) => {
      const text = JSON.stringify({ endpoints, packed, sinks: endpoints })
      for (const [, report] of foldReports({ data: { a: text } }, nowMs)) expectStorable(report)
      foldSinkReports({ data: { a: text } }, nowMs)
    }),
    { numRuns: 500 },
  )
})

test('when no receiver ran is read as it was told', () => {
  const away = { since: '2026-11-27T16:00:00Z', until: '2026-11-28T17:00:00Z' }
  const text = JSON.stringify({ time: now, away, endpoints: {} })
  assert.deepEqual([readReport(text, nowMs)?.report.away, refusedIn(text)], [away, {}])
})
