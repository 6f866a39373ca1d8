import * as z from 'zod'

import { deadLetterReasons } from '../dead-letter-reasons.ts'
import { problemOf } from './problem-of.ts'
import { cursor, limitUpTo, maxTextCharacters, oneOf, only, text, time } from './fields.ts'
import { isRecord } from '../../is-record.ts'
import { maxPage } from './page-limits.ts'

const common = {
  namespace: text.exactOptional().describe('Of the GeminiWebhook; together with `name`.'),
  name: text.exactOptional().describe('Of the GeminiWebhook; together with `namespace`.'),
  sink: text.exactOptional().describe('The name of the sink.'),
  eventId: text.exactOptional().describe('`webhook-id` of the event.'),
  type: text.exactOptional().describe('Of the event, such as `batch.failed`; `unknown` where its body cannot be read.'),
}
const paging = {
  limit: limitUpTo(maxPage).default(maxPage).describe(`Of the page, 1 to ${maxPage}, which is the default.`),
  cursor: cursor.exactOptional().describe('From the previous answer: this page begins where that one ended.'),
}
const deadLetterFields = {
  ...common,
  since: time.exactOptional().describe('Given up at this time or later (RFC 3339).'),
  until: time.exactOptional().describe('Given up before this time.'),
  reason: oneOf(deadLetterReasons, `reason is not one of ${deadLetterReasons.join(', ')}`)
    .exactOptional()
    .describe(deadLetterReasons.map((reason) => `\`${reason}\``).join(', ')),
}
const keptFields = {
  ...common,
  since: time.exactOptional().describe('Delivered at this time or later (RFC 3339).'),
  until: time.exactOptional().describe('Delivered before this time.'),
}
const pendingFields = {
  ...common,
  since: time.exactOptional().describe('First due at this time or later (RFC 3339).'),
  until: time.exactOptional().describe('First due before this time.'),
  cause: text.exactOptional().describe('Of the last step, such as `status 503`.'),
}
const delivered = {
  delivered: z
    .literal(true)
    .exactOptional()
    .describe(
      'Selects delivered events that are kept, instead of dead letters; `since` and `until` are then times of delivery.',
    ),
}
const all = { all: z.literal(true).exactOptional().describe('Everything; only together with `limit` and `cursor`.') }

const notIds = `deliveryIds must be a list of 1 to ${maxPage} texts and stand alone`
const id = z.string(notIds).min(1, notIds).max(maxTextCharacters, notIds)
const byId = z.strictObject(
  { deliveryIds: z.array(id, notIds).min(1, notIds).max(maxPage, notIds).describe(`1 to ${maxPage}; alone.`) },
  notIds,
)

const inPair = ({ namespace, name }: { namespace?: string; name?: string }) =>
  (namespace === undefined) === (name === undefined)
const notInPair = 'give namespace and name together'

export const deadLetterSelection = only({ ...deadLetterFields, ...paging }).refine(inPair, notInPair)
export const keptSelection = only({ ...keptFields, ...paging }).refine(inPair, notInPair)
export const pendingSelection = only({ ...pendingFields, ...paging }).refine(inPair, notInPair)

const notBoth = 'what was delivered has no reason: leave reason or delivered out'
/** What a replay acts on: dead letters by their ids, or one page of a selection. */
export const deadLetterTargets = targets(
  only(
    { ...deadLetterFields, ...delivered, ...paging, ...all },
    Object.keys({ ...deadLetterFields, ...delivered, ...paging }),
  )
    .refine(inPair, notInPair)
    .refine(({ reason, delivered: isDelivered }) => reason === undefined || isDelivered === undefined, notBoth),
  Object.keys(deadLetterFields),
)
/** The same for a retry. */
export const pendingTargets = targets(
  only({ ...pendingFields, ...paging, ...all }, Object.keys({ ...pendingFields, ...paging })).refine(inPair, notInPair),
  Object.keys(pendingFields),
)

/**
 * `selecting`: the fields of which at least one must narrow a selection. An empty selection means everything: that must
 * be explicit.
 */
function targets<Selected extends z.ZodType<object, object>>(selected: Selected, selecting: readonly string[]) {
  const isSaid = (given: object) => {
    const fields = new Map<string, unknown>(Object.entries(given))
    const isNarrowed = selecting.some((field) => fields.has(field))
    return fields.has('all') ? fields.get('all') === true && !isNarrowed : isNarrowed
  }
  const error = `give deliveryIds, at least one of ${selecting.join(', ')}, or "all": true alone`
  // Said first, whatever else is wrong.
  const said = selected.refine(isSaid, { error, abort: true, when: ({ value }) => isRecord(value) })
  return z.union([byId, said], { error: problemOfTargets })
}

function problemOfTargets({
  input,
  errors = [],
}: {
  input?: unknown
  errors?: readonly (readonly z.core.$ZodIssue[])[]
}) {
  if (!isRecord(input)) return 'the body is no JSON object'
  const [ofIds = [], ofSelection = []] = errors
  return problemOf('deliveryIds' in input ? ofIds : ofSelection)
}
