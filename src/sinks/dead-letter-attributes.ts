import type { DeadLetterStory } from './port.ts'

/** What an event that goes to a dead letter destination says besides, as CloudEvents extensions. */
export interface DeadLetterAttributes {
  readonly deadletterreason: string
  readonly deadlettersink: string
  readonly deadletterattempts: number
  readonly deadlettercause?: string
  readonly deadletterstatus?: number
}

export function deadLetterAttributesOf(story: DeadLetterStory): DeadLetterAttributes {
  const { reason, sink, attempts, cause, status } = story
  return {
    deadletterreason: reason,
    deadlettersink: sink,
    deadletterattempts: attempts,
    ...(cause !== undefined && { deadlettercause: cause }),
    ...(status !== undefined && { deadletterstatus: status }),
  }
}

/** The same for a request that is no CloudEvent: `x-gwh-deadletterreason` and so on. */
export function deadLetterHeadersOf(story: DeadLetterStory): Record<string, string> {
  const attributes = Object.entries(deadLetterAttributesOf(story))
  return Object.fromEntries(attributes.map(([name, value]) => [`x-gwh-${name}`, String(value)]))
}
