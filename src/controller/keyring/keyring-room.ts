import { SharedRoom } from '../../fairness/shared-room.ts'
import { keyringSecretNameFor, maxShardBytes } from '../../contract/keyring/shard.ts'
import { FailedCall } from '../facts/failure-class.ts'

/**
 * Of what its namespace may have, new objects are registered up to this; the rest is for existing entries, and for work
 * under way.
 */
const registrationShare = 0.95
/** A new entry without sinks takes less. */
const smallEntryBytes = 1_000
/**
 * What a rotation adds to an entry for a day. If a secret could not be written for the receivers, its deliveries would
 * be refused.
 */
const secretBytes = 180
/**
 * Of each: one alone may have 16 of 17 parts. Most installations have one namespace or few, for which a reserve of a
 * fifth would be too much.
 */
const weight = 4

type Entries = Readonly<Record<string, string>>
export type Changes = Readonly<Record<string, string | null>>

interface Charge {
  base64: string
  namespace: string
  bytes: number
  /** With room for one more secret where the entry has one, so that a full Secret cannot block a rotation. */
  charged: number
}

const nothing = { bytes: 0, charged: 0 }

/**
 * The room in one keyring Secret, shared by namespace: a user who may create objects may fill their entries with sinks,
 * and the uid of an object assigns it to a Secret by chance. What an entry holds is read once for each time that it
 * changes.
 */
export class KeyringRoom {
  readonly #room = new SharedRoom({ total: maxShardBytes, weightOf: () => weight })
  readonly #charges = new Map<string, Charge>()
  #followed: Entries | undefined
  /** What the API server counts: the values as they are, without base64. */
  #bytes = 0

  /** How full it is, 0 to 1, with the next secret of each. */
  usedShare(entries: Entries | undefined): number {
    this.#follow(entries)
    return this.#room.used / maxShardBytes
  }

  takesNewEntries(entries: Entries | undefined, namespace: string): boolean {
    this.#follow(entries)
    const [free, used] = [this.#room.freeFor([namespace]), this.#room.usedBy([namespace])]
    return free >= smallEntryBytes && used <= registrationShare * (used + free)
  }

  /**
   * Divides changes by whether the Secret can hold them, so that one entry too many is refused alone and not with all
   * that share its patch.
   */
  sort(entries: Entries | undefined, changes: Changes): { fitting: Changes; refused: string[] } {
    this.#follow(entries)
    const sized = Object.entries(changes).map(([uid, value]) => this.#growth(uid, value))
    const fitting: Record<string, string | null> = {}
    const refused: string[] = []
    for (const { uid, value, bytes, charged, namespace } of sized.toSorted((a, b) => a.charged - b.charged)) {
      // A change that makes it smaller always helps, even where others have filled it beyond the bound.
      const isTooMuch = charged > 0 && charged > this.#room.freeFor([namespace])
      if (isTooMuch || (bytes > 0 && this.#bytes + bytes > maxShardBytes)) {
        refused.push(uid)
        continue
      }
      this.#put(uid, value)
      fitting[uid] = value
    }
    // What was tried counts once it is stored.
    this.#followed = undefined
    this.#follow(entries)
    return { fitting, refused }
  }

  #growth(uid: string, value: string | null) {
    const before = this.#charges.get(uid) ?? nothing
    const after = value === null ? { ...nothing, namespace: '' } : chargeOf(value)
    return {
      uid,
      value,
      bytes: after.bytes - before.bytes,
      charged: after.charged - before.charged,
      namespace: after.namespace,
    }
  }

  #follow(entries: Entries = {}): void {
    if (entries === this.#followed) return
    for (const uid of this.#charges.keys()) if (entries[uid] === undefined) this.#put(uid, null)
    for (const [uid, base64] of Object.entries(entries)) this.#put(uid, base64)
    this.#followed = entries
  }

  #put(uid: string, base64: string | null): void {
    const before = this.#charges.get(uid)
    if (before?.base64 === base64) return
    if (before !== undefined) {
      this.#room.give([before.namespace], before.charged)
      this.#bytes -= before.bytes
      this.#charges.delete(uid)
    }
    if (base64 === null) return
    const after = chargeOf(base64)
    this.#room.take([after.namespace], after.charged)
    this.#bytes += after.bytes
    this.#charges.set(uid, after)
  }
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

/** A value that is no entry of ours is charged to no namespace. */
function chargeOf(base64: string): Charge {
  const text = Buffer.from(base64, 'base64')
  const bytes = text.length
  const { namespace, secrets } = headOf(text.toString('utf8'))
  const hasOne = Array.isArray(secrets) && secrets.length < 2
  return {
    base64,
    namespace: typeof namespace === 'string' ? namespace : '',
    bytes,
    charged: bytes + (hasOne ? secretBytes : 0),
  }
}

function headOf(text: string): { namespace?: unknown; secrets?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
