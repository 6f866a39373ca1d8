import { unpackEndpoints } from '../../contract/receiver-report/packed.ts'
import {
  maxReportedCount,
  sinkReportSchema,
  type Away,
  type EndpointReport,
  type ReceiverReport,
  type SinkReport,
} from '../../contract/receiver-report/report.ts'
import { routesSinkName } from '../../contract/route-owner.ts'
import { isRecord } from '../../is-record.ts'

/**
 * Reads the report of a receiver and checks each field: a value that reaches a status must be valid there, or no status
 * of the object could be written any more. Wrong fields are dropped and counted, the rest is used.
 */

/** Clocks differ; a time further ahead is invalid. */
const futureToleranceMs = 5 * 60_000
/** Nothing of this project is older. */
const earliestMs = Date.parse('2020-01-01T00:00:00Z')
/** What a ConfigMap holds. */
const maxReportBytes = 1024 * 1024

/** What can be refused of a report, for the metric. */
export const reportParts = ['report', 'endpoint', 'check', 'time', 'count', 'sink'] as const
type ReportPart = (typeof reportParts)[number]

export interface ReadReport {
  report: ReceiverReport
  /** How much was dropped, by what it was. */
  refused: ReadonlyMap<ReportPart, number>
}

/** Undefined where it is none at all. `nowMs`: what lies ahead of it is no time. */
export function readReport(text: string, nowMs = Infinity): ReadReport | undefined {
  const value = text.length > maxReportBytes ? undefined : parsed(text)
  if (!isRecord(value) || !isRecord(value['endpoints'])) return undefined
  const reading = new Reading(nowMs)
  const endpoints = reading.endpoints(value['endpoints'], value['packed'])
  const sinks = reading.sinks(value['sinks'])
  const time = reading.time(value['time'])
  const away = reading.away(value['away'])
  const { ownInbox, foldsJobs, stopped, sinksLeftOut, endpointsLeftOut } = value
  const report = {
    ...(time !== undefined && { time }),
    ...(typeof ownInbox === 'boolean' && { ownInbox }),
    ...(typeof foldsJobs === 'boolean' && { foldsJobs }),
    ...(typeof stopped === 'boolean' && { stopped }),
    ...(away !== undefined && { away }),
    endpoints,
    ...(sinks !== undefined && { sinks }),
    ...(isCount(sinksLeftOut) && sinksLeftOut > 0 && { sinksLeftOut }),
    ...(isCount(endpointsLeftOut) && endpointsLeftOut > 0 && { endpointsLeftOut }),
  }
  return { report, refused: reading.refused }
}

const uidPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/
/** Attempt ids and key ids are ours: short, printable, and compared with what is expected, never shown. */
const idPattern = /^[\x21-\x7e]{1,128}$/
const sinkNamePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

class Reading {
  readonly refused = new Map<ReportPart, number>()
  readonly #nowMs: number

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  endpoints(inFull: Record<string, unknown>, packed: unknown): Record<string, EndpointReport> {
    const entries: [string, EndpointReport][] = []
    for (const each of unpackEndpoints(typeof packed === 'string' ? packed : '')) {
      if (each === undefined) this.#refuse('endpoint')
      else entries.push([each[0], this.#endpoint({ ...each[1] })])
    }
    if (packed !== undefined && typeof packed !== 'string') this.#refuse('endpoint')
    for (const [uid, value] of Object.entries(inFull)) {
      if (!uidPattern.test(uid) || !isRecord(value)) this.#refuse('endpoint')
      else entries.push([uid, this.#endpoint(value)])
    }
    return Object.fromEntries(entries)
  }

  #endpoint(value: Record<string, unknown>): EndpointReport {
    const check = this.#check(value['check'])
    const lastVerifiedTime = this.time(value['lastVerifiedTime'])
    const refusingSince = this.time(value['refusingSince'])
    const lastDropTime = this.time(value['lastDropTime'])
    const { pending } = value
    if (!isCount(pending)) this.#refuse('count')
    return {
      ...(check !== undefined && { check }),
      ...(lastVerifiedTime !== undefined && { lastVerifiedTime }),
      ...(refusingSince !== undefined && { refusingSince }),
      ...(lastDropTime !== undefined && { lastDropTime }),
      pending: isCount(pending) ? pending : 0,
    }
  }

  #check(value: unknown): EndpointReport['check'] {
    if (value === undefined) return undefined
    const { attemptID, keyID } = isRecord(value) ? value : {}
    if (
      typeof attemptID === 'string' &&
      typeof keyID === 'string' &&
      idPattern.test(attemptID) &&
      idPattern.test(keyID)
    )
      return { attemptID, keyID }
    this.#refuse('check')
    return undefined
  }

  /** Undefined where it is absent or none that can be. */
  time(value: unknown): string | undefined {
    if (value === undefined) return undefined
    if (typeof value === 'string' && isTime(value, this.#nowMs)) return value
    this.#refuse('time')
    return undefined
  }

  away(value: unknown): Away | undefined {
    if (value === undefined) return undefined
    const [since, until] = isRecord(value) ? [this.time(value['since']), this.time(value['until'])] : []
    if (since !== undefined && until !== undefined && since < until) return { since, until }
    this.#refuse('time')
    return undefined
  }

  sinks(value: unknown): Record<string, Record<string, SinkReport>> | undefined {
    if (value === undefined) return undefined
    if (!isRecord(value)) {
      this.#refuse('sink')
      return undefined
    }
    const entries = Object.entries(value).flatMap(([uid, named]): [string, Record<string, SinkReport>][] => {
      if (uidPattern.test(uid) && isRecord(named)) return [[uid, this.#sinksOfOne(named)]]
      this.#refuse('sink')
      return []
    })
    return Object.fromEntries(entries)
  }

  #sinksOfOne(named: Record<string, unknown>): Record<string, SinkReport> {
    const entries = Object.entries(named).flatMap(([name, value]): [string, SinkReport][] => {
      const { data } = sinkReportSchema.safeParse(value)
      if (data === undefined || !(sinkNamePattern.test(name) || name === routesSinkName)) {
        this.#refuse('sink')
        return []
      }
      const { since, cause, status, ...rest } = data
      const failing = this.time(since)
      const fails = failing !== undefined && { since: failing, ...(cause && { cause }), ...(status && { status }) }
      return [[name, { ...rest, ...fails }]]
    })
    return Object.fromEntries(entries)
  }

  #refuse(part: ReportPart): void {
    this.refused.set(part, (this.refused.get(part) ?? 0) + 1)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= maxReportedCount
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/

/**
 * As the API server reads it too: JavaScript takes 31 February and hour 24 for times, and a status with those would be
 * refused.
 */
function isTime(value: string, nowMs: number): boolean {
  const ms = rfc3339.test(value) ? Date.parse(value) : Number.NaN
  if (!(ms >= earliestMs && ms <= nowMs + futureToleranceMs)) return false
  return new Date(ms).toISOString().slice(0, 19) === value.slice(0, 19)
}
