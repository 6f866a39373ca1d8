import { createHash } from 'node:crypto'

import type { EventEnvelope } from '../gemini/event.ts'

const typePattern = /^[a-z0-9_]+(\.[a-z0-9_]+)+$/
const maxReasonLength = 128
const maxShownIdLength = 256
const warningEndings = new Set(['failed', 'expired'])

export interface EventText {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

/**
 * What a Kubernetes Event says about a Gemini event: `batch.succeeded` becomes `BatchSucceeded`, failed and expired
 * ones are warnings. The note names the job and nothing else, so that a repeat of the same has the same note and counts
 * up one Event.
 */
export function eventTextOf({ type, dataId }: EventEnvelope): EventText {
  const about = dataId === undefined ? '' : ` for ${shownId(dataId)}`
  const reason = reasonOf(type)
  if (reason === undefined) {
    return { type: 'Normal', reason: 'UnknownEventReceived', note: `Gemini sent an event of unknown type${about}` }
  }
  const isWarning = warningEndings.has(type.slice(type.lastIndexOf('.') + 1))
  return { type: isWarning ? 'Warning' : 'Normal', reason, note: `Gemini reported ${type}${about}` }
}

function reasonOf(type: string): string | undefined {
  if (!typePattern.test(type)) return undefined
  const words = type.split(/[._]+/).filter((word) => word !== '')
  const reason = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return reason === '' || reason.length > maxReasonLength ? undefined : reason
}

/** Printable, and cut with a hash of the whole, so that two long ids stay two. */
function shownId(id: string): string {
  const printable = id.replaceAll(/[^\x20-\x7e]/g, '?')
  if (printable === id && id.length <= maxShownIdLength) return id
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 12)
  return `${printable.slice(0, maxShownIdLength)} (sha256 ${hash})`
}
