import { test } from 'node:test'

import * as fc from 'fast-check'

import { createFilterEvaluator } from '../../../src/filter/evaluate-filter.ts'
import type { FilterVerdict } from '../../../src/filter/verdict.ts'
import type { SinkFilter } from '../../../src/contract/keyring/entry.ts'

const evaluate = createFilterEvaluator()

function judge(filter: Partial<SinkFilter>, body: unknown, type = 'batch.succeeded'): FilterVerdict {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body)
  const event = { type, body: Buffer.from(bytes), mode: 'static', ageMs: 1_000 } as const
  return evaluate({ typesExact: [], typesPrefix: [], ...filter }, event, [])
}

test('whatever the event, a verdict comes back, and the same one again', () => {
  const filters: Partial<SinkFilter>[] = [
    { metadataExact: { a: 'b' }, metadataPrefix: { c: '' } },
    { cel: 'event.data.a == event.metadata.a' },
    { cel: 'event.data.list.exists(x, x > 1) || has(event.data.a.b)' },
    { cel: 'event.type.size() > 3 && string(event.data.a) == "1"' },
  ]
  const metadata = fc.oneof(fc.jsonValue(), fc.json())
  const events = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record(
        {
          data: fc.oneof(
            fc.jsonValue(),
            fc.record({ a: fc.jsonValue(), list: fc.array(fc.jsonValue()), user_metadata: metadata }),
          ),
          user_metadata: metadata,
        },
        { requiredKeys: [] },
      )
      .map((event) => JSON.stringify(event)),
  )
  fc.assert(
    fc.property(fc.constantFrom(...filters), events, fc.string(), (filter, body, type) => {
      const verdict = judge(filter, body, type)
      return ['wanted', 'unwanted', 'failed'].includes(verdict) && judge(filter, body, type) === verdict
    }),
    { numRuns: 2_000 },
  )
})

test('a prefix of a value that is wanted exactly is wanted by prefix', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), fc.nat(), (key, value, cut) => {
      const body = { data: { userMetadata: Object.fromEntries([[key, value]]) } }
      const prefix = value.slice(0, cut % (value.length + 1))
      const by = (entry: string) => Object.fromEntries([[key, entry]])
      return judge({ metadataExact: by(value), metadataPrefix: by(prefix) }, body) === 'wanted'
    }),
  )
})
