import type { KeyObject } from 'node:crypto'

import type { Chance } from './chance.ts'
import { byLength, genuine, hmac, serialise, type Draft, type Framing } from './draft.ts'

/** What one mutation made, ready for the wire. */
export interface FuzzCase {
  /** The mutation's name, for the report. */
  readonly name: string
  readonly bytes: Buffer
  /** The answers that are right; absent: any of the table. */
  readonly expect?: readonly number[]
  /** The event that a 204 would stand for; absent: a 204 is a false accept. */
  readonly mayStore?: string
  /**
   * Signed and dated ahead: from this time on (milliseconds since the epoch) it is genuine, should it have waited so
   * long for its connection.
   */
  readonly genuineLater?: { readonly fromMs: number; readonly eventId: string }
}

/** What mutations are made from. */
export interface FuzzWorld {
  readonly chance: Chance
  readonly key: KeyObject
  readonly target: string
  /** A target with an Ed25519 endpoint behind it does not exist here: dynamic paths are unknown. */
  readonly nowMs: () => number
  /** An id that was not used before. */
  readonly nextId: () => string
  /** A recent delivery that was accepted, to be sent again; undefined before the first. */
  readonly accepted: () => Buffer | undefined
}

export type Mutation = (world: FuzzWorld) => Omit<FuzzCase, 'name'>

/** Standard Webhooks, as its libraries have it. */
const toleranceSeconds = 300
const noteCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789 _-'

export function aDraft({ chance, key, target, nowMs, nextId }: FuzzWorld): Draft {
  const note = chance.text(noteCharacters, chance.pick([0, 8, 40, 120]))
  return genuine(key, { id: nextId(), target, note, nowMs: nowMs() })
}

/** A draft that is well-formed as HTTP: accepted if what it says verifies, else refused as unsigned. */
export function judged({ key, nowMs }: FuzzWorld, draft: Draft, bytes = serialise(draft)): Omit<FuzzCase, 'name'> {
  const isRight = draft.signature.split(' ').includes(`v1,${hmac(key, draft)}`)
  const skewSeconds = Math.abs(nowMs() / 1000 - Number(draft.timestamp))
  if (isRight && skewSeconds < 290) return { bytes, expect: [204], mayStore: draft.id }
  if (!isRight || !(Number(draft.timestamp) > nowMs() / 1000)) return { bytes, expect: [401] }
  const fromMs = (Number(draft.timestamp) - toleranceSeconds) * 1000
  return { bytes, expect: [401], genuineLater: { fromMs, eventId: draft.id } }
}

/** Genuine in what was signed, odd in how it travels: may be refused, may be stored. */
export function eitherWay(draft: Draft, bytes: Buffer): Omit<FuzzCase, 'name'> {
  return { bytes, mayStore: draft.id }
}

export function refused(draft: Draft, expect: readonly number[], headers?: [string, string][]): Omit<FuzzCase, 'name'> {
  return { bytes: serialise(draft, byLength(draft.body), headers), expect }
}

export function framed(draft: Draft, framing: Framing): Buffer {
  return serialise(draft, framing)
}
