import type { PassContext } from '../pass-context.ts'
import { classifyFailure, FailedCall, stopping } from '../../facts/failure-class.ts'

/**
 * Makes the one call that an intent announces, and remembers how far it got: after any interruption this process knows
 * whether it must wait for the call's effects, and any other process finds the intent. No call is begun once this
 * process is stopping, because another may lead soon.
 */
export async function makeCall<T>({ memory, signal }: PassContext, call: () => Promise<T>): Promise<T> {
  const { intent } = memory.view
  if (signal.aborted) throw new FailedCall(stopping)
  if (intent === undefined)
    throw new Error('a call was planned without an intent of this process: a defect of the plan')
  memory.called()
  try {
    const answer = await call()
    memory.answered()
    return answer
  } catch (error) {
    const failure = classifyFailure(error)
    const mayHaveCommitted = failure?.mayHaveCommitted ?? true
    memory.callFailed(mayHaveCommitted ? { why: failure?.message } : { before: intent })
    throw error
  } finally {
    memory.sent()
  }
}
