import { backfillDefaults, backfillPolicyOf, type BackfillSpec } from './backfill.ts'
import { durationWithin } from './duration.ts'
import type { Rule } from './rules.ts'

/** What backfill demands of the rest of the spec, and its fields of each other; rules.ts says how rules are made. */

const minuteMs = 60_000
const hourMs = 60 * minuteMs

export const specBackfillRules: readonly Rule<'spec'>[] = [
  {
    id: 'backfill-needs-events',
    scope: 'spec',
    field: 'backfill',
    cel: '!has(self.backfill) || has(self.events)',
    message: 'backfill needs events: it sends those that this webhook subscribes to',
    holds: (spec) => spec.backfill === undefined || spec.events !== undefined,
  },
  {
    id: 'backfill-needs-our-receiver',
    scope: 'spec',
    field: 'backfill',
    cel: '!has(self.backfill) || !has(self.endpoint) || !has(self.endpoint.url)',
    message:
      'backfill must be absent with endpoint.url: only our receiver knows what arrived, so it cannot tell what is missing',
    holds: (spec) => spec.backfill === undefined || spec.endpoint?.url === undefined,
  },
]

export const backfillRules: readonly Rule<'backfill'>[] = [
  {
    id: 'backfill-interval',
    scope: 'backfill',
    field: 'interval',
    cel: "!has(self.interval) || duration(self.interval) >= duration('5m')",
    message: 'interval must be at least 5m: each listing takes calls from the budget of the API key',
    holds: ({ interval }) => interval === undefined || durationWithin(interval, 5 * minuteMs, Infinity),
  },
  {
    id: 'backfill-grace',
    scope: 'backfill',
    field: 'grace',
    cel: "!has(self.grace) || duration(self.grace) >= duration('5m')",
    message: 'grace must be at least 5m: Google delivers an event some time after its batch ended',
    holds: ({ grace }) => grace === undefined || durationWithin(grace, 5 * minuteMs, Infinity),
  },
  {
    id: 'backfill-lookback',
    scope: 'backfill',
    field: 'lookback',
    cel: "!has(self.lookback) || duration(self.lookback) <= duration('336h')",
    message: 'lookback must be at most 336h: receivers remember for that long what has arrived',
    holds: ({ lookback }) => lookback === undefined || durationWithin(lookback, 0, 336 * hourMs),
  },
  {
    id: 'backfill-finds-every-batch',
    scope: 'backfill',
    field: 'lookback',
    cel: `${orDefaultCel('lookback')} > ${orDefaultCel('grace')} + ${orDefaultCel('interval')}`,
    message: `lookback (default ${backfillDefaults.lookback}) must be longer than grace and interval together (default ${backfillDefaults.grace} each): otherwise a batch could end between two runs and be seen by neither`,
    holds: coversEveryBatch,
  },
]

function coversEveryBatch(backfill: BackfillSpec): boolean {
  const { intervalMs, lookbackMs, graceMs } = backfillPolicyOf(backfill)
  return lookbackMs > graceMs + intervalMs
}

function orDefaultCel(field: keyof typeof backfillDefaults): string {
  return `duration(has(self.${field}) ? self.${field} : '${backfillDefaults[field]}')`
}
