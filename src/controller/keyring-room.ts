import { keyringSecretNameFor, maxShardBytes } from '../keyring/shard.ts'
import { FailedCall } from './failure-class.ts'

/**
 * New objects are registered while their keyring Secret is this full at most. The rest is for those that are there: a rotation adds a secret for a day, and
 * one that could not be handed to the receivers would have its deliveries refused.
 */
const registrationShare = 0.75

type Entries = Readonly<Record<string, string>>
export type Changes = Readonly<Record<string, string | null>>

/** What the API server counts: the values as they are, without base64. */
export function bytesIn(entries: Entries | undefined): number {
  return Object.values(entries ?? {}).reduce((sum, base64) => sum + sizeOf(base64), 0)
}

export function usedShare(bytes: number): number {
  return bytes / maxShardBytes
}

export function takesNewEntries(bytes: number): boolean {
  return usedShare(bytes) <= registrationShare
}

/** Divides changes by whether the Secret can hold them, so that one entry too many is refused alone and not with all that share its patch. Pure. */
export function sortByRoom(entries: Entries | undefined, changes: Changes): { fitting: Changes; refused: string[] } {
  const grown = ([uid, value]: [string, string | null]) => sizeOf(value ?? '') - sizeOf(entries?.[uid] ?? '')
  const smallestFirst = Object.entries(changes).toSorted((a, b) => grown(a) - grown(b))
  let bytes = bytesIn(entries)
  const fitting: Record<string, string | null> = {}
  const refused: string[] = []
  for (const change of smallestFirst) {
    const [uid, value] = change
    const growth = grown(change)
    // Whatever makes it smaller helps, even one that somebody else has filled beyond the bound.
    if (growth > 0 && bytes + growth > maxShardBytes) {
      refused.push(uid)
      continue
    }
    bytes += growth
    fitting[uid] = value
  }
  return { fitting, refused }
}

/** What is said of an object for which there is no room; no figures, for status must not change with every look. */
export function explainFullKeyring(uid: string): string {
  return `Secret ${keyringSecretNameFor(uid)} in the namespace of the operator, which hands this object to the receivers, has no room for it: delete GeminiWebhooks that are not needed, use smaller headers, filters and certificates for sinks, or serve some objects from another installation`
}

export function keyringIsFull(uid: string): FailedCall {
  return new FailedCall({
    class: 'terminal',
    reason: 'KeyringFull',
    message: explainFullKeyring(uid),
    mayHaveCommitted: false,
  })
}

function sizeOf(base64: string): number {
  return Buffer.byteLength(base64, 'base64')
}
