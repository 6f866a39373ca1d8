import * as z from 'zod'

/**
 * The kinds of text in the resource, each bounded: the API server's cost estimate for rules multiplies by the longest
 * string. Patterns must mean the same in JavaScript and in RE2, where the API server runs them: no lookaround, no `\s`,
 * no `\u`.
 */

const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
export const dnsSubdomainPattern = new RegExp(`^${dnsLabel}(\\.${dnsLabel})*$`)
export const dnsLabelPattern = new RegExp(`^${dnsLabel}$`)
/** One to three parts such as `1h30m`. */
export const durationPattern = /^([0-9]{1,5}(h|m|s)){1,3}$/
const eventTypePattern = /^[a-z0-9_]+(\.[a-z0-9_]+)+$/
/** https, a host, maybe a port, maybe a path with a query: no userinfo, no fragment, no blanks. */
export const httpsUrlPattern = /^https:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[^#\x00-\x20\x7f]*)?$/ // oxlint-disable-line no-control-regex -- refusing control characters is the point
export const httpUrlPattern = /^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[^#\x00-\x20\x7f]*)?$/ // oxlint-disable-line no-control-regex -- as above
/**
 * Tokens of letters, digits, hyphens, underscores and placeholders: no wildcard, no `$`, no empty token. Of topics of
 * Kafka, too, which may have no other characters.
 */
export const natsSubjectPattern =
  /^([A-Za-z0-9_-]|\{(namespace|name|type)\})+(\.([A-Za-z0-9_-]|\{(namespace|name|type)\})+)*$/
/** Text and placeholders; a brace of its own would be a placeholder that is misspelled. */
export const kafkaKeyPattern = /^([^{}]|\{(subject|id|type|namespace|name)\})+$/
const urlPathPattern = /^\/[^#\x00-\x20\x7f]*$/ // oxlint-disable-line no-control-regex -- as above
const printablePattern = /^[^\x00-\x1f\x7f]+$/ // oxlint-disable-line no-control-regex -- as above
const secretKeyPattern = /^[-._a-zA-Z0-9]+$/
/** What a Secret takes as a new key: `.` and whatever begins with two dots are refused by the API server. */
const writtenSecretKeyPattern = /^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$/
const labelValuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

/** Text of 1 to `max` characters. The empty string counts as set for the API server, so it is never allowed. */
export const text = (max: number) => z.string().min(1).max(max)

export const objectName = () =>
  text(253).regex(dnsSubdomainPattern, 'must be a DNS name: lower-case letters, digits, hyphens and dots')
export const labelName = () =>
  text(63).regex(dnsLabelPattern, 'must be a DNS label: lower-case letters, digits and hyphens')
export const secretKey = () =>
  text(253).regex(secretKeyPattern, 'must be a key of a Secret: letters, digits, hyphens, underscores and dots')
export const writtenSecretKey = () =>
  text(253).regex(
    writtenSecretKeyPattern,
    'must be a key of a Secret: letters, digits, hyphens, underscores and dots, without two dots at the beginning',
  )
export const printable = (max: number) => text(max).regex(printablePattern, 'must not contain control characters')
export const duration = () =>
  text(18).regex(durationPattern, 'must be a duration in hours, minutes and seconds, such as 2160h, 1h30m or 10s')
export const urlPath = () => text(1024).regex(urlPathPattern, 'must begin with / and have no blanks and no fragment')
export const labelValue = () => z.string().max(63).regex(labelValuePattern)
export const eventType = () => text(128).regex(eventTypePattern, 'must be an event type such as batch.succeeded')
/** An id that a person chooses so that a new one means "once more". */
export const requestID = () => text(64).regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/)
/** A point in time, RFC 3339. */
export const time = () => z.string().max(64).meta({ format: 'date-time' })

/** A time that a person writes: offline it is judged as an API server judges its format. */
export const givenTime = () =>
  time().refine(isDateTime, { error: 'must be a date and time of RFC 3339, such as 2026-11-03T08:00:00Z' })

const dateTimePattern = /^(\d{4}-\d{2}-\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/

function isDateTime(text: string): boolean {
  const day = dateTimePattern.exec(text)?.[1]
  if (day === undefined) return false
  // A day that no month has becomes one of the next month.
  const dateMs = Date.parse(day)
  return !Number.isNaN(dateMs) && new Date(dateMs).toISOString().startsWith(day)
}

/** A list whose order means nothing and whose entries are unique. */
export function setOf<T extends z.ZodType>(item: T, max: number, min = 0) {
  return z
    .array(item)
    .min(min)
    .max(max)
    .superRefine((items, context) => refuseRepetition(items, context))
    .meta({ 'x-kubernetes-list-type': 'set' })
}

/**
 * A reference to another object: replaced as a whole, because a mixture of two references names an object that was not
 * meant.
 */
export function referenceOf<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape).meta({ 'x-kubernetes-map-type': 'atomic' })
}

/** A list that is always replaced as a whole. */
export function atomicListOf<T extends z.ZodType>(item: T, max: number) {
  return z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'atomic' })
}

/** A list whose entries are merged by their key field, which is unique. */
export function mapListOf<T extends z.ZodType>(item: T, key: string, max: number, min = 0) {
  return z
    .array(item)
    .min(min)
    .max(max)
    .superRefine((items, context) =>
      refuseRepetition(
        items.map((entry) => keyOf(entry, key)),
        context,
      ),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] })
}

/** Blames the later one of two, as the API server does. */
function refuseRepetition(keys: readonly unknown[], context: z.RefinementCtx): void {
  keys.forEach((key, index) => {
    if (keys.indexOf(key) < index) {
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `repeats ${JSON.stringify(key)}: entries must be unique`,
      })
    }
  })
}

function keyOf(entry: unknown, key: string): unknown {
  return typeof entry === 'object' && entry !== null ? Object.getOwnPropertyDescriptor(entry, key)?.value : undefined
}

/** A map from free keys to bounded text. */
export function mapOf<T extends z.ZodType>(value: T, max: number) {
  return z
    .record(z.string(), value)
    .refine((entries) => Object.keys(entries).length <= max, `at most ${max} entries`)
    .meta({ maxProperties: max })
}
