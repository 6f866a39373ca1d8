import { z } from 'zod'

import type { GeminiWebhookManifest } from './gemini-webhook.ts'
import { apiVersion, kindName } from './kind.ts'
import { ruleViolations } from './rule-violations.ts'
import { specSchema } from './spec.ts'
import { statusSchema } from './status.ts'
import { objectName } from './field-types.ts'

const manifestSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kindName),
  metadata: z.looseObject({ name: objectName() }),
  spec: specSchema,
  status: statusSchema.optional(),
})

interface ManifestProblem {
  /** Path such as `spec.sinks[0].uri`; empty: the object itself. */
  field: string
  message: string
}

export type ManifestCheck =
  { valid: true; webhook: GeminiWebhookManifest } | { valid: false; problems: ManifestProblem[] }

/**
 * Judges a manifest offline as the API server would with fieldValidation=Strict: first its shape, unknown fields included, and where that holds the
 * rules. Without `previous`, the stored object, changes are not judged. It knows nothing of the cluster: Secrets, Services, allowed host names.
 */
export function checkManifest(value: unknown, previous?: GeminiWebhookManifest): ManifestCheck {
  const parsed = manifestSchema.safeParse(value)
  if (!parsed.success) {
    return { valid: false, problems: parsed.error.issues.map(problemOf) }
  }
  // Parsed without transformations, so the value itself has the type; metadata beyond the name is the API server's business.
  const webhook = value as GeminiWebhookManifest
  const violations = ruleViolations(webhook, previous)
  if (violations.length > 0) {
    return { valid: false, problems: violations.map(({ field, message }) => ({ field, message })) }
  }
  return { valid: true, webhook }
}

/** zod's words, but for the two mistakes that people make most: a field left out and a field misspelt. */
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
