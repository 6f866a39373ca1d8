import { createFilterEvaluator } from '../../../src/filter/evaluate-filter.ts'
import type { JudgeFilter } from '../../../src/filter/judge-filter.ts'
import { eventToJudge } from '../../../src/filter/question.ts'

/** Judges in the caller's own thread, at once: for tests that are about something else. */
export function judgeHere(nowMs = Date.parse('2026-11-21T12:00:00Z')): JudgeFilter {
  const evaluate = createFilterEvaluator()
  return ({ filter, event }) => ({ type: evaluate(filter, eventToJudge(event, nowMs), []) })
}
