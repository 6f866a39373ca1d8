import type { GeminiRouteManifest } from '../../api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { routeExpressionOf } from '../../api/route-expression.ts'
import { checkExpression, checkExpressions, type FilterCheck } from '../../filter/check-filter.ts'

/** About one field. */
export interface FieldProblem {
  /** Path such as `spec.sinks[0].uri`; empty: the object, or the text, itself. */
  field: string
  message: string
}

/** The API server takes any text for a filter; the controller does not, and deliveries would wait. */
export function filterProblemsOf({ spec }: GeminiWebhookManifest): FieldProblem[] {
  const sinks = spec.sinks ?? []
  const checks = checkExpressions(sinks.flatMap(({ filter }) => filter?.cel ?? []))
  return sinks.flatMap(({ filter }, index) => problemsOf(checks, filter?.cel, sinkField(index)))
}

/** Likewise of a route, whose own expression stands in front of that of each sink. */
export function routeFilterProblemsOf({ spec }: GeminiRouteManifest): FieldProblem[] {
  const apart = [
    ...problemsApart(spec.filter?.cel, routeField),
    ...spec.sinks.flatMap(({ filter }, index) => problemsApart(filter?.cel, sinkField(index))),
  ]
  if (apart.length > 0) return apart
  const together = spec.sinks.map((sink, index) => ({
    cel: routeExpressionOf(spec, sink),
    field: sink.filter?.cel === undefined ? routeField : sinkField(index),
  }))
  const checks = checkExpressions(together.flatMap(({ cel }) => cel ?? []))
  const problems = together.flatMap(({ cel, field }) => problemsOf(checks, cel, field))
  // Sinks without an expression have that of the route, whose problem is told once.
  return problems.filter(({ field }, index) => problems.findIndex((other) => other.field === field) === index)
}

const routeField = 'spec.filter.cel'
const sinkField = (index: number) => `spec.sinks[${index}].filter.cel`

function problemsApart(cel: string | undefined, field: string): FieldProblem[] {
  if (cel === undefined) return []
  return problemsOf(new Map([[cel, checkExpression(cel)]]), cel, field)
}

function problemsOf(checks: ReadonlyMap<string, FilterCheck>, cel: string | undefined, field: string): FieldProblem[] {
  const checked = cel === undefined ? undefined : checks.get(cel)
  return checked === undefined || checked.ok ? [] : [{ field, message: checked.problem }]
}
