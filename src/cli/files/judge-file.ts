import { readFile } from 'node:fs/promises'

import { checkManifest, checkRouteManifest } from '../../api/check-manifest.ts'
import { kindName, routeKindName } from '../../api/kind.ts'
import { isRecord } from '../../is-record.ts'
import { filterProblemsOf, routeFilterProblemsOf, type FieldProblem } from './filter-problems.ts'
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

/** Every object of our kinds in a file of manifests, or the one problem of a file that is none. */
export async function judgeFile(file: string): Promise<Judged[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return [unreadable(file, `cannot be read (${code})`)]
  }
  return readManifests(text).flatMap((document) => {
    if ('problem' in document) return [unreadable(file, document.problem)]
    return objectsIn(document.value).map((value) => judgeObject(file, value, document.warnings))
  })
}

function unreadable(file: string, message: string): Judged {
  return { file, kind: '', object: '', problems: [{ field: '', message }], warnings: [] }
}

/** The objects of our kinds in one document, those of a List included. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (!isRecord(value)) return []
  if (value['kind'] === 'List' && Array.isArray(value['items'])) return value['items'].flatMap(objectsIn)
  return value['kind'] === kindName || value['kind'] === routeKindName ? [value] : []
}

function judgeObject(file: string, value: Record<string, unknown>, warnings: string[]): Judged {
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {}
  const object = [metadata['namespace'], metadata['name']].filter((part) => typeof part === 'string').join('/')
  const isRoute = value['kind'] === routeKindName
  const kind = isRoute ? routeKindName : kindName
  return { file, kind, object, problems: isRoute ? routeProblems(value) : webhookProblems(value), warnings }
}

function webhookProblems(value: unknown): FieldProblem[] {
  const checked = checkManifest(value)
  return checked.ok ? filterProblemsOf(checked.value) : checked.problem
}

function routeProblems(value: unknown): FieldProblem[] {
  const checked = checkRouteManifest(value)
  return checked.ok ? routeFilterProblemsOf(checked.value) : checked.problem
}
