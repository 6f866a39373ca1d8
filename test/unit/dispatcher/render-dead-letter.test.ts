import assert from 'node:assert/strict'
import { test } from 'node:test'

import { renderedBy, type Rendered } from '../../../src/dispatcher/render-dead-letter.ts'
import type { Judgement } from '../../../src/filter/judge-filter.ts'

const content = Buffer.from('{}')
const cases: { judgement: Judgement; want: Rendered; because: string }[] = [
  {
    judgement: { type: 'wanted', content },
    want: { type: 'rendered', content },
    because: 'that is what is sent',
  },
  {
    judgement: { type: 'wanted' },
    want: { type: 'permanent', cause: 'transformInvalid' },
    because: 'the event as it came is not what the destination takes',
  },
  {
    judgement: { type: 'transformFailed', cause: 'expressionFailed' },
    want: { type: 'permanent', cause: 'expressionFailed' },
    because: 'it would fail on the same event again',
  },
  {
    judgement: { type: 'transformInvalid' },
    want: { type: 'permanent', cause: 'transformInvalid' },
    because: 'a person has to correct it',
  },
  {
    judgement: { type: 'waits', untilMs: 1 },
    want: { type: 'retryable', cause: 'filterWaits' },
    because: 'its turn may come within the half minute',
  },
  {
    judgement: { type: 'paused', untilMs: 1 },
    want: { type: 'permanent', cause: 'filterInterrupted' },
    because: 'a pause lasts longer than the tries',
  },
  ...(['unwanted', 'failed', 'invalid'] as const).map((type) => ({
    judgement: { type },
    want: { type: 'permanent', cause: 'transformInvalid' } as const,
    because: 'no filter was asked, so nothing was made',
  })),
]
for (const { judgement, want, because } of cases) {
  test(`a dead letter whose transform is judged ${JSON.stringify(judgement.type)}: ${because}`, () => {
    assert.deepEqual(renderedBy(judgement), want, because)
  })
}
