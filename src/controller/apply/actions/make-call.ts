import type { PassContext } from '../../observe/context.ts'
import { classifyFailure, FailedCall, stopping } from '../../facts/failure-class.ts'

/**
 * Makes the one call that an intent announces, and remembers how far it got: after any interruption this process knows
 * whether it must wait for the call's effects, and any other process finds the intent. No call is begun once this
 * process is stopping, because another may lead soon.
 */
export async function makeCall<T>({ recollection, clock, signal }: PassContext, call: () => Promise<T>): Promise<T> {
  const { intent } = recollection
  if (signal.aborted) throw new FailedCall(stopping)
  if (intent === undefined)
    throw new Error('a call was planned without an intent of this process: a defect of the plan')
  recollection.intent = { ...intent, call: 'unclear', sinceMs: clock.monotonic() }
  recollection.lastMutationMs = clock.monotonic()
  try {
    const answer = await call()
    recollection.intent = { ...intent, call: 'answered', sinceMs: clock.monotonic() }
    return answer
  } catch (error) {
    const failure = classifyFailure(error)
    const unclear = { ...intent, call: 'unclear', sinceMs: clock.monotonic() } as const
    const mayHaveCommitted = failure?.mayHaveCommitted ?? true
    recollection.intent = mayHaveCommitted ? { ...unclear, ...(failure && { why: failure.message }) } : intent
    throw error
  } finally {
    recollection.lastMutationMs = clock.monotonic()
  }
}
