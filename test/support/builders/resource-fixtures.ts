import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { parseAllDocuments } from 'yaml'

import type { GeminiRouteManifest } from '../../../src/api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../../src/api/gemini-webhook.ts'

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures')

type Manifest = GeminiWebhookManifest | GeminiRouteManifest

export interface ValidResource<T extends Manifest = GeminiWebhookManifest> {
  /** File name without extension. */
  name: string
  manifest: T
}

/**
 * A manifest that must be refused, in a file whose first lines say how: `# field:`, then `# message:` for a rule or `#
 * server:` for the schema.
 */
export interface InvalidResource<T extends Manifest = GeminiWebhookManifest> extends ValidResource<T> {
  /** What stands before the first dot of the file name: the id of a rule, or `shape`. */
  rule: string
  field: string
  /** The whole message of a rule; for `shape` a part of what the API server says. */
  message: string
  /** The stored object that it would replace, where the file has two documents. */
  previous?: T
}

/** GeminiWebhooks. */
export const validResources = () => validIn<GeminiWebhookManifest>('resources')
export const invalidResources = () => invalidIn<GeminiWebhookManifest>('resources')

/** GeminiRoutes. */
export const validRoutes = () => validIn<GeminiRouteManifest>('routes')
export const invalidRoutes = () => invalidIn<GeminiRouteManifest>('routes')

function validIn<T extends Manifest>(folder: string): ValidResource<T>[] {
  return filesIn(join(folder, 'valid')).map(({ name, text }) => {
    const [manifest] = manifestsIn<T>(text)
    if (manifest === undefined) throw new Error(`${name}: the fixture is empty`)
    return { name, manifest }
  })
}

function invalidIn<T extends Manifest>(folder: string): InvalidResource<T>[] {
  return filesIn(join(folder, 'invalid')).map((file) => invalidResource<T>(file))
}

function invalidResource<T extends Manifest>({ name, text }: { name: string; text: string }): InvalidResource<T> {
  const [, field] = /^# field: (.*)$/m.exec(text) ?? []
  const [, message] = /^# (?:message|server): (.*)$/m.exec(text) ?? []
  const manifests = manifestsIn<T>(text)
  const manifest = manifests.at(-1)
  const previous = manifests.length > 1 ? manifests[0] : undefined
  if (field === undefined || message === undefined || manifest === undefined) {
    throw new Error(`${name}: the fixture lacks "# field:", "# message:" or a manifest`)
  }
  const rule = name.split('.')[0] ?? name
  return { name, rule, field, message, manifest, ...(previous !== undefined && { previous }) }
}

function filesIn(folder: string): { name: string; text: string }[] {
  return readdirSync(join(fixtures, folder))
    .toSorted()
    .map((file) => ({ name: basename(file, '.yaml'), text: readFileSync(join(fixtures, folder, file), 'utf8') }))
}

function manifestsIn<T extends Manifest>(text: string): T[] {
  return parseAllDocuments(text).map((document) => document.toJS() as T)
}
