import { keyringEntrySchema, type KeyringEntry, type LiveSecret } from '../contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../contract/keyring/shard.ts'
import { decodeIssuedSecret } from '../signature/signing-secret.ts'
import type { VerificationKey } from '../signature/verify.ts'
import { decodeDynamic, type DynamicEndpoint } from './dynamic-endpoint.ts'

/** An entry with its secrets made ready for verifying. */
export interface UsableEntry {
  readonly entry: KeyringEntry
  readonly keys: readonly VerificationKey[]
  readonly dynamic: DynamicEndpoint | undefined
}

export interface ShardContent {
  readonly entries: ReadonlyMap<string, UsableEntry>
  /** Uids that the shard has, but not in a form that can be used. */
  readonly malformedUids: readonly string[]
  /** For the log: which uid, what was wrong. Never a value. */
  readonly problems: readonly { uid: string; problem: string }[]
}

/**
 * Reads one keyring Secret: data key is the uid, value the entry as JSON. Never throws: one bad entry must not affect
 * the others.
 */
export function decodeShard(shard: string, data: ReadonlyMap<string, string>): ShardContent {
  const entries = new Map<string, UsableEntry>()
  const malformedUids: string[] = []
  const problems: { uid: string; problem: string }[] = []
  for (const [uid, text] of data) {
    const decoded = decodeEntry(shard, uid, text)
    problems.push(...decoded.problems.map((problem) => ({ uid, problem })))
    if (decoded.usable === undefined) malformedUids.push(uid)
    else entries.set(uid, decoded.usable)
  }
  return { entries, malformedUids, problems }
}

/**
 * The content of a whole shard of which only some entries were decoded anew: the `unchanged` uids stay as they were
 * before, and their problems have been logged. A shard changes entry by entry; decoding all of it each time would cost
 * the square of the objects.
 */
export function withUnchanged(
  changed: ShardContent,
  unchanged: readonly string[],
  before: Pick<ShardContent, 'entries' | 'malformedUids'>,
): ShardContent {
  const malformedBefore = new Set(before.malformedUids)
  const entries = new Map(changed.entries)
  for (const uid of unchanged) {
    const usable = before.entries.get(uid)
    if (usable !== undefined) entries.set(uid, usable)
  }
  const malformedUids = [...changed.malformedUids, ...unchanged.filter((uid) => malformedBefore.has(uid))]
  return { entries, malformedUids, problems: changed.problems }
}

interface DecodedEntry {
  usable?: UsableEntry
  problems: string[]
}

function decodeEntry(shard: string, uid: string, text: string): DecodedEntry {
  const parsed = keyringEntrySchema.safeParse(parseJson(text))
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole value')
    return { problems: [`the entry does not fit the format at ${[...new Set(where)].join(', ')}`] }
  }
  const entry = parsed.data
  if (entry.uid !== uid) return { problems: ['the entry carries another uid than its key'] }
  if (keyringSecretNameFor(uid) !== shard) return { problems: ['the entry belongs into another shard'] }
  // Without a readable beginning a new route would get what came before it.
  if (entry.route !== undefined && Number.isNaN(Date.parse(entry.route.since))) {
    return { problems: ['the route begins at what is no time'] }
  }
  const { keys, problems } = decodeSecrets(entry.secrets)
  // With no secret left a former entry may still have good ones; an entry that never had any is one that waits for its
  // first.
  if (keys.length === 0 && problems.length > 0) return { problems }
  const dynamic = decodeDynamic(entry.dynamic)
  return { usable: { entry, keys, dynamic: dynamic?.endpoint }, problems: [...problems, ...(dynamic?.problems ?? [])] }
}

function decodeSecrets(secrets: readonly LiveSecret[]): { keys: VerificationKey[]; problems: string[] } {
  const keys: VerificationKey[] = []
  const problems: string[] = []
  for (const { keyId, secret, notAfter } of secrets) {
    const decoded = decodeIssuedSecret(secret)
    const notAfterMs = notAfter === undefined ? undefined : Date.parse(notAfter)
    if (!decoded.ok) problems.push(`signing secret ${keyId} ${decoded.problem}`)
    // Without a readable end it would be accepted for ever.
    else if (Number.isNaN(notAfterMs)) problems.push(`signing secret ${keyId} has a notAfter that is not a time`)
    else keys.push({ keyId, key: decoded.value, notAfterMs })
  }
  return { keys, problems }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
