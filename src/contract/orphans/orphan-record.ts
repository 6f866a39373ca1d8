import { createHash } from 'node:crypto'

import * as z from 'zod'

/**
 * What the controller records about webhooks that it had to leave at Google, for the command line to read: ConfigMap
 * `gwh-orphans` in the operator's namespace, one data key per object and webhook, one JSON value each.
 */
export const orphansConfigMapName = 'gwh-orphans'

const reasons = {
  Abandoned: 'the annotation abandoned it',
  ApiKeyGone: 'its namespace was deleted, and the API key with it',
  ProjectChanged: 'the API key moved to another project',
} as const

export type OrphanReason = keyof typeof reasons

const recordSchema = z.object({
  /** The GeminiWebhook that it belonged to. */
  namespace: z.string(),
  name: z.string(),
  /** At Google; absent where the answer to a create was never seen. */
  id: z.string().optional(),
  uri: z.string().optional(),
  /** Identifies the API key that last saw the id, without revealing it. */
  keyFingerprint: z.string().optional(),
  /** RFC 3339: when it was noted. */
  time: z.string().optional(),
  /** An `OrphanReason`, or what another version writes. Absent in records of the first versions. */
  reason: z.string().optional(),
})

export type OrphanRecord = z.infer<typeof recordSchema>

/** One entry of the ConfigMap. */
export interface Orphan {
  /** The data key. */
  readonly key: string
  /** As it stands there, so that what changed meanwhile is not removed. */
  readonly text: string
  /** undefined: not a record, for example after an edit by hand. */
  readonly record: OrphanRecord | undefined
}

/** One key per object and webhook: an object whose API key moves from project to project leaves one webhook in each. */
export function orphanKeyOf(uid: string, id: string | undefined): string {
  return id === undefined ? uid : `${uid}.${keyPartOf(id)}`
}

/** Data keys allow fewer characters than ids may have. */
function keyPartOf(id: string): string {
  return /^[-._a-zA-Z0-9]{1,128}$/.test(id) ? id : createHash('sha256').update(id).digest('hex')
}

/** The name of an orphan for people: the id at Google, or where it is unknown the key of its entry. */
export function orphanIdOf({ key, record }: Pick<Orphan, 'key' | 'record'>): string {
  return record?.id ?? key
}

/** Every entry of the ConfigMap's data, oldest first. */
export function readOrphans(data: Readonly<Record<string, string>> | undefined): Orphan[] {
  return Object.entries(data ?? {})
    .map(([key, text]) => ({ key, text, record: recordIn(text) }))
    .toSorted((a, b) => (a.record?.time ?? '').localeCompare(b.record?.time ?? '') || a.key.localeCompare(b.key))
}

function recordIn(text: string): OrphanRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The reason in words; one that this version does not know as it stands. */
export function describeOrphanReason(reason: string | undefined): string {
  if (reason === undefined) return ''
  return Object.hasOwn(reasons, reason) ? reasons[reason as OrphanReason] : reason
}
