import type { GeminiRouteManifest } from '../../api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { filterExpressionOf, routeExpressionOf } from '../../api/route-expression.ts'
import type { FilterSpec, SinkSpec } from '../../api/sink.ts'
import { judgeTransform } from '../../controller/sinks/judge-transform.ts'
import { checkExpression, checkExpressions, type ExpressionChecks } from '../../filter/check-filter.ts'
import {
  deadLetterExpressionOf,
  expressionsIn,
  transformExpressionOf,
  type Expression,
} from '../../filter/expression.ts'

/** About one field. */
export interface FieldProblem {
  /** Path such as `spec.sinks[0].uri`; empty: the object, or the text, itself. */
  field: string
  message: string
}

/** The API server takes any text for an expression; the controller does not, and deliveries would wait. */
export function filterProblemsOf({ spec }: GeminiWebhookManifest): FieldProblem[] {
  const sinks = spec.sinks ?? []
  const judged = sinks.map((sink) => ({ filter: { cel: expressionToJudge(sink.filter) }, ...transformsOf(sink) }))
  const checks = checkExpressions(expressionsIn(judged))
  return sinks.flatMap((sink, index) =>
    problemsOf(checks, judged[index]?.filter.cel, fieldOf(sink.filter, `spec.sinks[${index}]`)).concat(
      transformProblemsOf(checks, sink, index),
    ),
  )
}

/** Likewise of a route, whose own expression stands in front of that of each sink. */
export function routeFilterProblemsOf({ spec }: GeminiRouteManifest): FieldProblem[] {
  const apart = [
    ...problemsApart(spec.filter?.cel, fieldOf(spec.filter, 'spec')),
    ...spec.sinks.flatMap(({ filter }, index) => problemsApart(filter?.cel, fieldOf(filter, `spec.sinks[${index}]`))),
  ]
  if (apart.length > 0) return apart
  const together = spec.sinks.map((sink) => ({ sink, cel: routeExpressionOf(spec, sink) }))
  const checks = checkExpressions(
    expressionsIn(together.map(({ sink, cel }) => ({ filter: { cel }, ...transformsOf(sink) }))),
  )
  const problems = together.flatMap(({ sink, cel }, index) => {
    const isOfRoute = filterExpressionOf(sink.filter) === undefined
    const field = isOfRoute ? fieldOf(spec.filter, 'spec') : fieldOf(sink.filter, `spec.sinks[${index}]`)
    return problemsOf(checks, cel, field).concat(transformProblemsOf(checks, sink, index))
  })
  // Sinks without an expression have that of the route, whose problem is told once.
  return problems.filter(({ field }, index) => problems.findIndex((other) => other.field === field) === index)
}

function transformsOf({ transform, deadLetter }: SinkSpec) {
  return { transform, deadLetterTransform: deadLetter?.transform }
}

/** What is wrong with an expression of the user's is told before suffixes are put in front of it. */
function expressionToJudge(filter: FilterSpec | undefined): string | undefined {
  const own = filter?.cel
  return own === undefined || checkExpression(own).ok ? filterExpressionOf(filter) : own
}

/** Where the expression comes from: suffixes make one, too. */
function fieldOf(filter: FilterSpec | undefined, holder: string): string {
  return filter?.cel === undefined ? `${holder}.filter` : `${holder}.filter.cel`
}

function problemsApart(cel: string | undefined, field: string): FieldProblem[] {
  return problemsOf({ get: checkExpression }, cel, field)
}

function transformProblemsOf(checks: ExpressionChecks, sink: SinkSpec, index: number): FieldProblem[] {
  const path = `spec.sinks[${index}]`
  const misused = judgeTransform(sink)
  const { transform, deadLetterTransform } = transformsOf(sink)
  const expression = transform && transformExpressionOf(transform)
  const ofDeadLetter = deadLetterTransform && deadLetterExpressionOf(deadLetterTransform)
  return [
    ...(misused === undefined ? [] : [{ field: `${path}.${misused.field}`, message: misused.message }]),
    ...problemsOf(checks, expression, `${path}.transform.body`),
    ...problemsOf(checks, ofDeadLetter, `${path}.deadLetter.transform.body`),
  ]
}

function problemsOf(checks: ExpressionChecks, expression: Expression | undefined, field: string): FieldProblem[] {
  const checked = expression === undefined ? undefined : checks.get(expression)
  return checked === undefined || checked.ok ? [] : [{ field, message: checked.problem }]
}
