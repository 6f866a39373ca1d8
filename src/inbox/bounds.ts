const mebibyte = 1024 * 1024
const hourMs = 3_600_000

/** How much the inbox keeps, and for how long. */
export interface InboxBounds {
  /** Bytes of the database file in use. The volume may lower it: never more than 80 % of it. */
  maxBytes: number
  /** Events whose body is kept, over all objects. */
  maxEvents: number
  /**
   * The most that one object may take of `maxBytes` and `maxEvents`, 0 to 1, whatever is free: a full object is refused
   * alone.
   */
  ownerShare: number
  /**
   * How long an event id is remembered after its body is gone. The sender repeats for 24 h, so never less than 25 h.
   */
  dedupeMs: number
  deadLetterKeepMs: number
  /** Over all objects: the one that has most of them makes room, with its oldest. */
  maxDeadLetters: number
  /** What one object may take of `maxDeadLetters`, 0 to 1; the oldest of its own make room. */
  deadLetterShare: number
}

export const minDedupeMs = 25 * hourMs

export const defaultInboxBounds: InboxBounds = {
  maxBytes: 1024 * mebibyte,
  maxEvents: 1_000_000,
  ownerShare: 0.5,
  dedupeMs: minDedupeMs,
  deadLetterKeepMs: 30 * 24 * hourMs,
  maxDeadLetters: 100_000,
  deadLetterShare: 0.5,
}

/** What is wrong with the bounds, for a start that refuses them; empty when nothing is. */
export function problemsOf(bounds: InboxBounds): string[] {
  const problems: string[] = []
  const positive = (name: keyof InboxBounds) => {
    if (!(bounds[name] > 0)) problems.push(`${name} is ${bounds[name]}; give a number above 0`)
  }
  const share = (name: keyof InboxBounds) => {
    if (bounds[name] > 1) problems.push(`${name} is ${bounds[name]}; give a share between 0 and 1`)
  }
  for (const name of [
    'maxBytes',
    'maxEvents',
    'ownerShare',
    'deadLetterKeepMs',
    'maxDeadLetters',
    'deadLetterShare',
  ] as const) {
    positive(name)
  }
  share('ownerShare')
  share('deadLetterShare')
  if (bounds.dedupeMs < minDedupeMs) {
    problems.push(`dedupeMs is ${bounds.dedupeMs}; the sender repeats for 24 h, so give at least ${minDedupeMs} (25 h)`)
  }
  return problems
}
