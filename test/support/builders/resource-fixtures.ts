import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { parseAllDocuments } from 'yaml'

import type { GeminiWebhookManifest } from '../../../src/api/gemini-webhook.ts'

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'resources')

export interface ValidResource {
  /** File name without extension. */
  name: string
  manifest: GeminiWebhookManifest
}

/**
 * A manifest that must be refused, in a file whose first lines say how: `# field:`, then `# message:` for a rule or `#
 * server:` for the schema.
 */
export interface InvalidResource extends ValidResource {
  /** What stands before the first dot of the file name: the id of a rule, or `shape`. */
  rule: string
  field: string
  /** The whole message of a rule; for `shape` a part of what the API server says. */
  message: string
  /** The stored object that it would replace, where the file has two documents. */
  previous?: GeminiWebhookManifest
}

export function validResources(): ValidResource[] {
  return filesIn('valid').map(({ name, text }) => {
    const [manifest] = manifestsIn(text)
    if (manifest === undefined) throw new Error(`${name}: the fixture is empty`)
    return { name, manifest }
  })
}

export function invalidResources(): InvalidResource[] {
  return filesIn('invalid').map(invalidResource)
}

function invalidResource({ name, text }: { name: string; text: string }): InvalidResource {
  const [, field] = /^# field: (.*)$/m.exec(text) ?? []
  const [, message] = /^# (?:message|server): (.*)$/m.exec(text) ?? []
  const manifests = manifestsIn(text)
  const manifest = manifests.at(-1)
  const previous = manifests.length > 1 ? manifests[0] : undefined
  if (field === undefined || message === undefined || manifest === undefined) {
    throw new Error(`${name}: the fixture lacks "# field:", "# message:" or a manifest`)
  }
  const rule = name.split('.')[0] ?? name
  return { name, rule, field, message, manifest, ...(previous !== undefined && { previous }) }
}

function filesIn(kind: 'valid' | 'invalid'): { name: string; text: string }[] {
  return readdirSync(join(folder, kind))
    .toSorted()
    .map((file) => ({ name: basename(file, '.yaml'), text: readFileSync(join(folder, kind, file), 'utf8') }))
}

function manifestsIn(text: string): GeminiWebhookManifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as GeminiWebhookManifest)
}
