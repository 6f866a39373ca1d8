import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'

/**
 * What of Google's API may be of a form that this version does not know. None of it is refused for that: it is taken as
 * far as it is understood, handed on as it came, and counted.
 */
export const unknownForms = [
  'BatchField',
  'BatchState',
  'ErrorShape',
  'EventField',
  'EventForm',
  'EventType',
  'EventVersion',
  'SecretForm',
  'SignatureVersion',
  'WebhookField',
  'WebhookState',
] as const

type UnknownForm = (typeof unknownForms)[number]

/** `name`: how Google calls it, where it has a name: that of a type, a field, a state or a version. Never a value. */
export interface Unknown {
  readonly what: UnknownForm
  readonly name?: string
}

/** Takes note of what is not known. Never throws. */
export type NoteUnknown = (unknown: Unknown) => void

/** Names that are told once each. More than Google changes in years; the rest is only counted. */
const maxToldNames = 64
/**
 * Whoever holds a signing secret chooses the names in an event, so not every text is one: those of Google have letters,
 * digits, underscores and dots only.
 */
const namePattern = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/

/** Counts each, and tells the name of each once: the metric has no room for names, and a person needs them. */
export function createUnknownCounter({ metrics, logger }: { metrics: Metrics; logger: Logger }): NoteUnknown {
  const counter = metrics.counter({
    name: 'gwh_gemini_unknown_total',
    help: 'What Google sent or answered in a form that this version does not know, by what it was. It was taken and handed on; the log names it.',
    labels: ['what'],
    known: unknownForms.map((what) => ({ what })),
  })
  const told = new Set<string>()
  return ({ what, name = '' }) => {
    counter.add(1, { what })
    if (!namePattern.test(name)) return
    const key = `${what}/${name}`
    if (told.has(key) || told.size >= maxToldNames) return
    told.add(key)
    logger.info({ what, formName: name }, 'gemini.unknown_form')
  }
}
