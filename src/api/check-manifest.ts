import * as z from 'zod'

import { checkMetadata } from './check-metadata.ts'
import type { GeminiRouteManifest } from './gemini-route.ts'
import type { GeminiWebhookManifest } from './gemini-webhook.ts'
import { apiVersion, kindName, routeKindName } from './kind.ts'
import { routeSpecSchema } from './route-spec.ts'
import { routeStatusSchema } from './route-status.ts'
import { routeViolations, ruleViolations, type RuleViolation } from './rule-violations.ts'
import { specSchema } from './spec.ts'
import { statusSchema } from './status.ts'
import { objectName } from './field-types.ts'
import { isRecord } from '../is-record.ts'
import { ok, problem, type Result } from '../result.ts'

const webhookSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kindName),
  metadata: z.looseObject({ name: objectName() }),
  spec: specSchema,
  status: statusSchema.optional(),
})

const routeSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(routeKindName),
  metadata: z.looseObject({ name: objectName() }),
  spec: routeSpecSchema,
  status: routeStatusSchema.optional(),
})

interface ManifestProblem {
  /** Path such as `spec.sinks[0].uri`; empty: the object itself. */
  field: string
  message: string
}

export type ManifestCheck<T = GeminiWebhookManifest> = Result<T, ManifestProblem[]>

/**
 * Judges the manifest of a GeminiWebhook offline as the API server would with fieldValidation=Strict: first its shape,
 * unknown fields included, and where that holds the rules. Without `previous`, the stored object, changes are not
 * judged. It does not check anything in the cluster: Secrets, Services, allowed host names.
 */
export function checkManifest(value: unknown, previous?: GeminiWebhookManifest): ManifestCheck {
  const given = withoutNulls(value)
  const misshapen = shapeProblems(webhookSchema, given)
  if (misshapen.length > 0) return problem(misshapen)
  // Parsed without transformations, so the value itself has the type.
  const webhook = given as GeminiWebhookManifest
  return judged(webhook, ruleViolations(webhook, previous))
}

/** Likewise the manifest of a GeminiRoute. Whether the webhook exists and allows it is known in the cluster only. */
export function checkRouteManifest(value: unknown, previous?: GeminiRouteManifest): ManifestCheck<GeminiRouteManifest> {
  const given = withoutNulls(value)
  const misshapen = shapeProblems(routeSchema, given)
  if (misshapen.length > 0) return problem(misshapen)
  // Likewise.
  const route = given as GeminiRouteManifest
  return judged(route, routeViolations(route, previous))
}

function shapeProblems(schema: z.ZodType, given: unknown): ManifestProblem[] {
  const parsed = schema.safeParse(given)
  const ofMetadata = isRecord(given) && isRecord(given['metadata']) ? checkMetadata(given['metadata']) : []
  return [...(parsed.error?.issues ?? []).map(problemOf), ...ofMetadata]
}

function judged<T>(manifest: T, violations: readonly RuleViolation[]): ManifestCheck<T> {
  if (violations.length === 0) return ok(manifest)
  return problem(violations.map(({ field, message }) => ({ field, message })))
}

/**
 * The API server drops nulls of objects before it looks: nothing in our kinds may be null. One in a list stays, and is
 * refused.
 */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isRecord(value)) return value
  const kept = Object.entries(value).filter(([, each]) => each !== null)
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutNulls(each)]))
}

/** zod's message, except for the two most frequent mistakes: a field left out and a field misspelt. */
function problemOf(issue: z.core.$ZodIssue): ManifestProblem {
  const field = pathOf(issue.path)
  if (issue.code === 'unrecognized_keys') return { field, message: `has no field named ${issue.keys.join(', ')}` }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return { field, message: 'is required' }
  return { field, message: issue.message }
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}
