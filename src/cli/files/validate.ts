import { readFile } from 'node:fs/promises'

import { parseAllDocuments } from 'yaml'

import { checkManifest } from '../../api/check-manifest.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { kindName } from '../../api/kind.ts'
import type { ValidateConfig } from '../../config/offline-settings.ts'
import { checkExpression } from '../../filter/check-filter.ts'
import { isRecord } from '../json-fields.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'

interface Problem {
  /** Path such as `spec.sinks[0].uri`; empty: the object, or the text, itself. */
  field: string
  message: string
}

/** What was found about one object, or about a file that cannot be read as manifests. */
interface Judged {
  file: string
  /** NAMESPACE/NAME, or the name alone where the manifest leaves the namespace to whoever applies it. */
  object: string
  problems: Problem[]
}

/** `gwh validate FILE ...`: 1 when an object is invalid or a file cannot be read. */
export async function validateManifests(
  { output }: ValidateConfig,
  files: readonly string[],
  { out }: Pick<CommandContext, 'out'>,
): Promise<number> {
  const judged: Judged[] = []
  for (const file of files) judged.push(...(await judgeFile(file)))
  const invalid = judged.filter(({ problems }) => problems.length > 0)
  if (output === 'json') out(`${JSON.stringify({ valid: invalid.length === 0, objects: judged }, undefined, 2)}\n`)
  else out(inWords(judged, invalid))
  return invalid.length === 0 ? exitCodes.ok : exitCodes.failed
}

async function judgeFile(file: string): Promise<Judged[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return [unreadable(file, `cannot be read (${code})`)]
  }
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors
    // The first line of its message says what and where; the rest draws the place.
    if (error !== undefined) return [unreadable(file, error.message.split('\n', 1).join('').replace(/:$/, ''))]
    return objectsIn(document.toJS({ maxAliasCount: 100 })).map((value) => judgeObject(file, value))
  })
}

function unreadable(file: string, message: string): Judged {
  return { file, object: '', problems: [{ field: '', message }] }
}

/** The GeminiWebhooks of one document, those of a List included. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (!isRecord(value)) return []
  if (value['kind'] === 'List' && Array.isArray(value['items'])) return value['items'].flatMap(objectsIn)
  return value['kind'] === kindName ? [value] : []
}

function judgeObject(file: string, value: Record<string, unknown>): Judged {
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {}
  const object = [metadata['namespace'], metadata['name']].filter((part) => typeof part === 'string').join('/')
  const checked = checkManifest(value)
  return { file, object, problems: checked.valid ? filterProblems(checked.webhook) : checked.problems }
}

/** The API server takes any text for a filter; the controller does not, and deliveries would wait. */
function filterProblems({ spec }: GeminiWebhookManifest): Problem[] {
  return (spec.sinks ?? []).flatMap(({ filter }, index) => {
    if (filter?.cel === undefined) return []
    const checked = checkExpression(filter.cel)
    return checked.valid ? [] : [{ field: `spec.sinks[${index}].filter.cel`, message: checked.problem }]
  })
}

function inWords(judged: readonly Judged[], invalid: readonly Judged[]): string {
  const lines = invalid.flatMap(({ file, object, problems }) =>
    problems.map(({ field, message }) =>
      [file, ...(object === '' ? [] : [`${kindName} ${object}`]), ...(field === '' ? [] : [field]), message].join(': '),
    ),
  )
  const good = judged.length - invalid.length
  const summary =
    judged.length === 0
      ? `No ${kindName} in these files.`
      : `${good} of ${judged.length} ${judged.length === 1 ? 'is' : 'are'} valid.`
  return `${[...lines, summary].join('\n')}\n`
}
