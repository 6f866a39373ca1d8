import { readFile } from 'node:fs/promises'

import { checkManifest } from '../../api/check-manifest.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { kindName } from '../../api/kind.ts'
import { checkExpressions } from '../../filter/check-filter.ts'
import { isRecord } from '../../is-record.ts'
import { readManifests } from './read-manifests.ts'

interface Problem {
  /** Path such as `spec.sinks[0].uri`; empty: the object, or the text, itself. */
  field: string
  message: string
}

/** What was found about one object, or about a file that cannot be read as manifests. */
export interface Judged {
  file: string
  /** NAMESPACE/NAME, or the name alone where the manifest has no namespace. */
  object: string
  problems: Problem[]
  /** Valid, but probably not intended. */
  warnings: string[]
}

/** Every GeminiWebhook in a file of manifests, or the one problem of a file that is none. */
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
  return { file, object: '', problems: [{ field: '', message }], warnings: [] }
}

/** The GeminiWebhooks of one document, those of a List included. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (!isRecord(value)) return []
  if (value['kind'] === 'List' && Array.isArray(value['items'])) return value['items'].flatMap(objectsIn)
  return value['kind'] === kindName ? [value] : []
}

function judgeObject(file: string, value: Record<string, unknown>, warnings: string[]): Judged {
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {}
  const object = [metadata['namespace'], metadata['name']].filter((part) => typeof part === 'string').join('/')
  const checked = checkManifest(value)
  return { file, object, problems: checked.ok ? filterProblems(checked.value) : checked.problem, warnings }
}

/** The API server takes any text for a filter; the controller does not, and deliveries would wait. */
function filterProblems({ spec }: GeminiWebhookManifest): Problem[] {
  const sinks = spec.sinks ?? []
  const checks = checkExpressions(sinks.flatMap(({ filter }) => filter?.cel ?? []))
  return sinks.flatMap(({ filter }, index) => {
    const checked = filter?.cel === undefined ? undefined : checks.get(filter.cel)
    return checked === undefined || checked.ok
      ? []
      : [{ field: `spec.sinks[${index}].filter.cel`, message: checked.problem }]
  })
}
