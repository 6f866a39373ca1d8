import type { Selection } from '../../contract/page/actions.ts'

/** The fields of a selection as they are typed. */
export interface TypedFields {
  readonly webhook: string
  readonly sink: string
  readonly type: string
  readonly eventId: string
  /** The reason of a dead letter, the last cause of a pending delivery. */
  readonly why: string
  readonly since: string
  readonly until: string
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/

/** NAMESPACE/NAME of a webhook, NAMESPACE/groute/NAME of a route. */
const owner = /^([^/]+)\/((?:groute\/)?[^/]+)$/

/** What the typed fields select, or which of them cannot be read and how it should be written. Pure. */
export function selectionOf(
  typed: TypedFields,
  why: 'reason' | 'cause',
): { readonly selection: Selection } | { readonly problem: string } {
  const [webhook, sink, type, eventId, cause, since, until] = [
    typed.webhook,
    typed.sink,
    typed.type,
    typed.eventId,
    typed.why,
    typed.since,
    typed.until,
  ].map((text) => text.trim())
  const [, namespace = '', name = ''] = owner.exec(webhook ?? '') ?? []
  if (webhook !== '' && name === '')
    return { problem: `Webhook or route: ${webhook} is neither ml/batch-events nor search/groute/nightly-eval.` }
  for (const [label, value] of [
    ['Since', since],
    ['Until', until],
  ] as const)
    if (value !== '' && value !== undefined && !time.test(value))
      return { problem: `${label}: ${value} is no time such as 2026-11-21T12:00:00Z.` }
  const given = { namespace, name, sink, type, eventId, [why]: cause, since, until }
  return { selection: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')) }
}

/** `ml/batch-events`, `search/groute/nightly-eval`, or nothing. Pure. */
export function namedWebhook({ namespace, name }: Selection): string {
  return namespace === undefined || name === undefined ? '' : `${namespace}/${name}`
}
