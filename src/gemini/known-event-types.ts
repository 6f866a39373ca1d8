import { geminiEventTypes } from '../contract/consumers/gemini-events.ts'

/** Of jobs that somebody cancelled: no webhook can be registered for them, and jobs may deliver them. */
export const cancelledTypes = ['batch.cancelled', 'interaction.cancelled'] as const

/** The types of events of jobs that this version knows. */
export const jobEventTypes: ReadonlySet<string> = new Set<string>([...geminiEventTypes, ...cancelledTypes])

/** The type of Google's test delivery, which it does not document, has one of these names. */
export function isPingType(type: string): boolean {
  return type === 'ping' || type.endsWith('.ping')
}
