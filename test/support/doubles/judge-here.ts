import { createFilterEvaluator } from '../../../src/filter/evaluate-filter.ts'
import type { JudgeFilter } from '../../../src/filter/judge-filter.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'

/** Judges in the caller's own thread, at once: for tests that are about something else. */
export function judgeHere(): JudgeFilter {
  const evaluate = createFilterEvaluator()
  return ({ filter, body }) => ({ type: evaluate(filter, { type: parseEnvelope(body).type, body }, []) })
}
