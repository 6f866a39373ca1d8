import type { DeliveryEntry } from '../contract/admin-api/deliveries.ts'
import type { DeliveryKey, LiveEntry } from '../contract/page/deliveries.ts'
import type { PageMessage } from '../contract/page/messages.ts'
import type { WebhookKey } from '../contract/page/overview.ts'
import { defined } from './defined.ts'
import { Hour } from './hour.ts'
import type { Topic } from './server/streams.ts'

/** What one delivery's life, and the chart of one object, are drawn from. */
const maxKept = 20_000
/** In one message: more than anybody reads in a quarter of a second. */
const maxInMessage = 200
/** Shown to a page that is opened. */
const maxAtStart = 500

/** The last deliveries of all receivers, as they were heard of. */
export class Entries {
  readonly hour = new Hour()
  #kept: LiveEntry[] = []
  #number = 0
  #toldUpTo = 0

  add(pod: string, entry: DeliveryEntry): void {
    const live = liveEntry(pod, this.#number, entry)
    this.#number += 1
    this.#kept.push(live)
    this.hour.add(live)
    // Seldom, since each time all that stays is moved.
    if (this.#kept.length > 2 * maxKept) this.#kept = this.#kept.slice(-maxKept)
  }

  of({ namespace, name, eventId }: DeliveryKey): LiveEntry[] {
    return this.ofWebhook({ namespace, name }).filter((entry) => entry.eventId === eventId)
  }

  ofWebhook({ namespace, name }: WebhookKey): LiveEntry[] {
    return this.#kept.filter((entry) => entry.namespace === namespace && entry.name === name)
  }

  /** For the pages. */
  topic(): Topic {
    return {
      all: () => [this.#message(this.#kept.slice(-maxAtStart), { isStart: true })],
      changes: () => {
        const count = this.#number - this.#toldUpTo
        this.#toldUpTo = this.#number
        if (count === 0) return []
        return [this.#message(this.#kept.slice(-Math.min(count, maxInMessage)), { of: count })]
      },
    }
  }

  #message(entries: readonly LiveEntry[], { of = entries.length, isStart }: { of?: number; isStart?: true }) {
    const start = isStart === undefined ? {} : { isStart }
    return { type: 'deliveries', entries, ...start, left: of - entries.length } satisfies PageMessage
  }
}

/** Field by field: what a newer receiver adds stays here. */
function liveEntry(pod: string, number: number, entry: DeliveryEntry): LiveEntry {
  if (entry.kind === 'request') {
    const { kind, at, route, outcome, status, namespace, name, eventId, keyId, bodyBytes, skewSeconds } = entry
    const { headers, durationMs } = entry
    const known = defined({ status, namespace, name, eventId, keyId, bodyBytes, skewSeconds })
    return { number, pod, kind, at, route, outcome, ...known, headers, durationMs }
  }
  const { kind, at, namespace, name, eventId, sink, next, reason, retryAt, attempt } = entry
  return {
    number,
    pod,
    kind,
    at,
    namespace,
    name,
    eventId,
    sink,
    next,
    ...defined({ reason, retryAt }),
    ...(attempt !== undefined && { attempt: attemptOf(attempt) }),
  }
}

type StepAttempt = NonNullable<Extract<DeliveryEntry, { kind: 'step' }>['attempt']>

function attemptOf({ number, sinkType, outcome, cause, status, replayed, durationMs }: StepAttempt) {
  return { number, sinkType, outcome, ...defined({ cause, status }), replayed, durationMs }
}
