import { checkManifest, checkRouteManifest } from '../../api/check-manifest.ts'
import { kindName, routeKindName } from '../../api/kind.ts'
import type { GeminiRouteManifest } from '../../api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { isRecord } from '../../is-record.ts'
import { ok, problem, type Result } from '../../result.ts'
import { filterProblemsOf, routeFilterProblemsOf, type FieldProblem } from './filter-problems.ts'
import type { Input } from './read-inputs.ts'
import { readManifests } from './read-manifests.ts'

/** What was found about one object, or about a file that cannot be read as manifests. */
export interface Judged {
  file: string
  /** Empty where the file cannot be read. */
  kind: string
  /** NAMESPACE/NAME, or the name alone where the manifest has no namespace. */
  object: string
  problems: FieldProblem[]
  /** Valid, but probably not intended. */
  warnings: string[]
}

/** With the object itself where it is valid. */
export interface JudgedObject {
  readonly judged: Judged
  readonly valid?: ValidObject
}

type ValidObject =
  | { readonly kind: typeof kindName; readonly manifest: GeminiWebhookManifest }
  | { readonly kind: typeof routeKindName; readonly manifest: GeminiRouteManifest }

/** Every object of our kinds in a file of manifests, or the one problem of a file that is none. */
export function judgeFile(input: Input): JudgedObject[] {
  const { file } = input
  if ('problem' in input) return [unreadable(file, input.problem)]
  return readManifests(input.bytes.toString('utf8')).flatMap((document) => {
    if ('problem' in document) return [unreadable(file, document.problem)]
    return objectsIn(document.value).map((value) => judgeObject(file, value, document.warnings))
  })
}

function unreadable(file: string, message: string): JudgedObject {
  return { judged: { file, kind: '', object: '', problems: [{ field: '', message }], warnings: [] } }
}

/** The objects of our kinds in one document, those of a List included. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (!isRecord(value)) return []
  if (value['kind'] === 'List' && Array.isArray(value['items'])) return value['items'].flatMap(objectsIn)
  return value['kind'] === kindName || value['kind'] === routeKindName ? [value] : []
}

function judgeObject(file: string, value: Record<string, unknown>, warnings: string[]): JudgedObject {
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {}
  const object = [metadata['namespace'], metadata['name']].filter((part) => typeof part === 'string').join('/')
  const checked = value['kind'] === routeKindName ? checkRoute(value) : checkWebhook(value)
  const kind = value['kind'] === routeKindName ? routeKindName : kindName
  if (!checked.ok) return { judged: { file, kind, object, problems: checked.problem, warnings } }
  return { judged: { file, kind, object, problems: [], warnings }, valid: checked.value }
}

function checkWebhook(value: unknown): Result<ValidObject, FieldProblem[]> {
  const checked = checkManifest(value)
  if (!checked.ok) return checked
  const problems = filterProblemsOf(checked.value)
  return problems.length > 0 ? problem(problems) : ok({ kind: kindName, manifest: checked.value })
}

function checkRoute(value: unknown): Result<ValidObject, FieldProblem[]> {
  const checked = checkRouteManifest(value)
  if (!checked.ok) return checked
  const problems = routeFilterProblemsOf(checked.value)
  return problems.length > 0 ? problem(problems) : ok({ kind: routeKindName, manifest: checked.value })
}
