import type { EventEnvelope } from '../gemini/event.ts'
import { subjectOf } from '../gemini/event-subject.ts'
import { checkExpressions, type CheckedExpression, type CheckExpression } from './check-filter.ts'
import type { DeadLetterFields } from './cel-environment.ts'
import type { FilterEvent } from './evaluate-filter.ts'
import { encodeJson, NotJsonError, TooLargeError } from './encode-json.ts'
import {
  deadLetterExpressionOf,
  keyOf,
  transformExpressionOf,
  type Expression,
  type TransformExpression,
} from './expression.ts'
import { readEvent } from './read-event.ts'
import { maxResultBytes } from './result-limits.ts'
import { viewOf } from './view-event.ts'

/** What is known of a delivery beside its event. */
interface DeliveryFacts {
  readonly id: string
  /** Of its CloudEvent. */
  readonly source: string
  /** Numbered from 1. */
  readonly attempt: number
  /** Present: the transform is that of a dead letter destination, whose expressions see this as well. */
  readonly deadLetter?: DeadLetterFacts
}

/** How an event became a dead letter. */
interface DeadLetterFacts {
  readonly reason: string
  readonly sink: string
  readonly attempts: number
  readonly cause?: string
  readonly status?: number
}

/** How a sink wants its events. */
export interface TransformQuestion {
  readonly body: string
  readonly contentType: string
  readonly facts: DeliveryFacts
}

/**
 * Why nothing came of one event. expressionFailed: the expression uses what the event lacks, or a value of another
 * kind. notJson: the value holds something that JSON has no form for. notText: it is no string, where the content type
 * asks for one. resultTooLarge, eventTooLarge: beyond what is computed. interrupted: it took too long.
 */
export type TransformFailure =
  'expressionFailed' | 'notJson' | 'notText' | 'resultTooLarge' | 'eventTooLarge' | 'interrupted'

/** invalid: the expression is not one that may run, whatever the event; a person has to correct it. */
export type Transformed =
  | { readonly type: 'made'; readonly content: Uint8Array }
  | { readonly type: 'failed'; readonly cause: TransformFailure }
  | { readonly type: 'invalid' }

interface TransformEvent extends FilterEvent {
  readonly envelope: EventEnvelope
}

/** `expressions`: of all sinks of the object; this one's counts, whether it is among them or not. */
export type EvaluateTransform = (
  question: TransformQuestion,
  event: TransformEvent,
  expressions: readonly Expression[],
) => Transformed

/**
 * Makes the bodies of requests from events. Never throws, and keeps nothing of an event. Takes as long as the
 * expression does: for a thread of its own.
 */
export function createTransformEvaluator(compile: CheckExpression): EvaluateTransform {
  return (question, event, expressions) => {
    const isOfDeadLetter = question.facts.deadLetter !== undefined
    const own = isOfDeadLetter ? deadLetterExpressionOf(question) : transformExpressionOf(question)
    const isKnown = expressions.some((other) => keyOf(other) === keyOf(own))
    const checked = checkExpressions(isKnown ? expressions : [...expressions, own], compile).get(own)
    return checked?.ok === true ? run(checked.value, own.yields, question.facts, event) : { type: 'invalid' }
  }
}

function run(
  { expression }: CheckedExpression,
  yields: TransformExpression['yields'],
  { deadLetter, ...facts }: DeliveryFacts,
  { body, envelope, ...circumstances }: TransformEvent,
): Transformed {
  const view = viewOf(readEvent(envelope.type, body), circumstances, {
    ...facts,
    attempt: BigInt(facts.attempt),
    subject: subjectOf(envelope),
    time: envelope.timestamp,
    ...(deadLetter !== undefined && fieldsOf(deadLetter)),
  })
  if (view === undefined) return { type: 'failed', cause: 'eventTooLarge' }
  try {
    return encode(expression({ event: view }), yields)
  } catch (error) {
    return { type: 'failed', cause: causeOf(error) }
  }
}

function fieldsOf({ reason, sink, attempts, cause, status }: DeadLetterFacts): DeadLetterFields {
  return {
    deadletterreason: reason,
    deadlettersink: sink,
    deadletterattempts: BigInt(attempts),
    deadlettercause: cause,
    deadletterstatus: status === undefined ? undefined : BigInt(status),
  }
}

function encode(value: unknown, yields: TransformExpression['yields']): Transformed {
  if (yields === 'text' && typeof value !== 'string') return { type: 'failed', cause: 'notText' }
  const text = yields === 'text' ? String(value) : encodeJson(value)
  // A character has one byte at least: what is too large in any case is not encoded first.
  const content = text.length > maxResultBytes ? undefined : new TextEncoder().encode(text)
  if (content === undefined || content.length > maxResultBytes) return { type: 'failed', cause: 'resultTooLarge' }
  return { type: 'made', content }
}

/** An error of a function of ours comes as it was thrown, or as the cause of one of the library. */
function causeOf(error: unknown): TransformFailure {
  if (error instanceof NotJsonError) return 'notJson'
  if (error instanceof TooLargeError) return 'resultTooLarge'
  return error instanceof Error && error.cause !== undefined ? causeOf(error.cause) : 'expressionFailed'
}
