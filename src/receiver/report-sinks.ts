import type { SinkBacklog } from '../inbox/port.ts'
import { formatTime } from '../format-time.ts'
import { inTurns } from '../fairness/in-turn.ts'
import type { SinkReport } from '../contract/receiver-report/report.ts'

/** The state of one sink, as this process has seen it. Times are milliseconds since the epoch. */
export interface SinkState {
  readonly ownerUid: string
  readonly sink: string
  readonly failing?: { readonly sinceMs: number; readonly cause: string; readonly status?: number }
  readonly lastAttemptMs: number
}

export interface SinksInput {
  readonly backlog: readonly SinkBacklog[]
  readonly states: readonly SinkState[]
  readonly nowMs: number
  /** Of an object. */
  readonly namespaceOf: (ownerUid: string) => string | undefined
}

export interface ReportedSinks {
  sinks: Record<string, Record<string, SinkReport>>
  sinksLeftOut?: number
}

/** Fits into the receiver's ConfigMap (1 MiB) besides what it says of endpoints: some 700 sinks. */
export const maxSinkBytes = 88 * 1024
/** With nothing pending, an observation this old proves nothing: another receiver may have a newer one. */
const seenForMs = 3_600_000

/**
 * Pure. Names only sinks that fail or hold something. Where not all have room, namespaces take turns, and in each the
 * failing ones come first: a namespace with thousands never hides those of others. The same state gives the same
 * report.
 */
export function reportSinks({ backlog, states, nowMs, namespaceOf }: SinksInput): ReportedSinks {
  const entries = inTurns(
    entriesOf(backlog, states, nowMs).toSorted(
      (a, b) => urgency(b.report) - urgency(a.report) || compareText(a.key, b.key),
    ),
    ({ ownerUid }) => namespaceOf(ownerUid) ?? '',
  )
  const sinks: ReportedSinks['sinks'] = {}
  let bytes = 0
  let kept = 0
  for (const { ownerUid, sink, report } of entries) {
    bytes += JSON.stringify([ownerUid, sink, report]).length
    if (bytes > maxSinkBytes) break
    kept += 1
    sinks[ownerUid] = { ...sinks[ownerUid], [sink]: report }
  }
  const left = entries.length - kept
  return { sinks: sorted(sinks), ...(left > 0 && { sinksLeftOut: left }) }
}

interface Entry {
  key: string
  ownerUid: string
  sink: string
  report: SinkReport
}

function entriesOf(backlog: readonly SinkBacklog[], states: readonly SinkState[], nowMs: number): Entry[] {
  const held = new Map(backlog.map((one) => [keyOf(one), one]))
  const seen = new Map(states.map((state) => [keyOf(state), state]))
  const failing = states.filter((state) => state.failing !== undefined)
  const named = new Map([...backlog, ...failing].map((one) => [keyOf(one), one]))
  return [...named].map(([key, { ownerUid, sink }]) => ({
    key,
    ownerUid,
    sink,
    report: reportOf(held.get(key), seen.get(key), nowMs),
  }))
}

function keyOf({ ownerUid, sink }: { ownerUid: string; sink: string }): string {
  return `${ownerUid}/${sink}`
}

function reportOf(held: SinkBacklog | undefined, seen: SinkState | undefined, nowMs: number): SinkReport {
  const { pending = 0, deadLetters = 0 } = held ?? {}
  const isSeen = seen !== undefined && (pending > 0 || nowMs - seen.lastAttemptMs < seenForMs)
  const { failing } = seen ?? {}
  return {
    ...(isSeen && failing !== undefined && { since: formatTime(failing.sinceMs), cause: failing.cause }),
    ...(isSeen && failing?.status !== undefined && { status: failing.status }),
    ...(!isSeen && { unseen: true as const }),
    ...(pending > 0 && { pending }),
    ...(deadLetters > 0 && { deadLetters }),
  }
}

function urgency({ since, unseen }: SinkReport): number {
  if (since !== undefined) return 2
  return unseen === undefined ? 0 : 1
}

function sorted(sinks: ReportedSinks['sinks']): ReportedSinks['sinks'] {
  return inOrder(Object.entries(sinks).map(([uid, named]) => [uid, inOrder(Object.entries(named))]))
}

function inOrder<T>(entries: [string, T][]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => compareText(a, b)))
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
