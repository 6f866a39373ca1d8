import assert from 'node:assert/strict'

import type { GeminiError } from '../../../src/gemini/webhook-service.ts'

/** What a call to Google failed with; fails the test where it succeeds, or fails with something else. */
export async function geminiErrorOf(promise: Promise<unknown>): Promise<GeminiError> {
  const error = await promise.then(
    () => assert.fail('the call should have failed'),
    (thrown: unknown) => thrown as GeminiError,
  )
  assert.equal(error.name, 'GeminiError', String(error))
  return error
}
