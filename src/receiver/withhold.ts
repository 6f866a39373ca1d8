import { knownEventTypes } from '../api/names.ts'
import { isPingType } from '../gemini/known-event-types.ts'

/** What deciding needs to know of an event; the envelope reader hands over more. */
export interface EventSummary {
  readonly type: string
  readonly dataId?: string
}

const known: ReadonlySet<string> = new Set(knownEventTypes)

/**
 * True for a test delivery, which is stored and counted but does not go to sinks. The type of Google's ping is not
 * documented: while an endpoint check is open, an unknown type that names no job counts as a ping, too. Anything else
 * goes to the sinks.
 */
export function shouldWithhold({ type, dataId }: EventSummary, isCheckOpen: boolean): boolean {
  if (isPingType(type)) return true
  return isCheckOpen && !known.has(type) && dataId === undefined
}

/**
 * False when the body cannot possibly be of a withheld type, so that most deliveries need not be parsed before they are
 * stored. `pingNames`: aliases of a ping.
 */
export function mayBeWithheld(body: Uint8Array, isCheckOpen: boolean, pingNames: readonly string[] = []): boolean {
  if (isCheckOpen) return true
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  // Any of its letters may be an escape, as in any JSON.
  return bytes.includes('ping') || bytes.includes('\\u00') || pingNames.some((name) => bytes.includes(name))
}
