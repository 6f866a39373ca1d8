import { envelopeReader, noAliases, type EventAliases } from '../gemini/event-aliases.ts'
import { rememberChecks } from './check-filter.ts'
import { createFilterEvaluator, maxCompiled } from './evaluate-filter.ts'
import { createTransformEvaluator, type Transformed } from './evaluate-transform.ts'
import { eventToJudge } from './question.ts'
import type { FilterVerdict } from './verdict.ts'
import type { ToWorker } from './worker-protocol.ts'

/** `transformed`: of an event that is wanted, where its sink has a transform. */
export interface Evaluation {
  readonly verdict: FilterVerdict
  readonly transformed?: Transformed
}

export type EvaluateEvent = (question: ToWorker) => Evaluation

/**
 * What one sink does with one event: whether it wants it, and what it wants to be sent. Events are judged by the names
 * that `aliases` give them. Never throws.
 */
export function createEventEvaluator(aliases: EventAliases = noAliases): EvaluateEvent {
  const parseEnvelope = envelopeReader(aliases)
  const compile = rememberChecks(maxCompiled)
  const judge = createFilterEvaluator(compile)
  const transform = createTransformEvaluator(compile)
  return ({ filter, transform: question, expressions, event: asked, nowMs }) => {
    const envelope = parseEnvelope(asked.body)
    const event = eventToJudge(asked, nowMs, envelope)
    const verdict = judge(filter, event, expressions)
    if (verdict !== 'wanted' || question === undefined) return { verdict }
    return { verdict, transformed: transform(question, { ...event, envelope }, expressions) }
  }
}
