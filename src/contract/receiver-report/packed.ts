import { formatTime } from '../../format-time.ts'
import type { EndpointReport } from './report.ts'

/**
 * Endpoints beyond those that are reported in full, some 31 bytes each instead of 110: entries that end in a semicolon,
 * each the 16 bytes of the uid in base64url, then when a delivery was last verified, what is pending, since when
 * refused, when last dropped. Times in minutes since the epoch, numbers to base 36, what is not there empty, empty ends
 * left out.
 */

const minuteMs = 60_000
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const entry = /^([A-Za-z0-9_-]{22})((?:,[0-9a-z]{0,8}){0,4})$/

/** Undefined for a uid that is no UUID, and for an endpoint with a check, which is reported in full. */
export function packEndpoint(uid: string, report: EndpointReport): string | undefined {
  if (!uuid.test(uid) || report.check !== undefined) return undefined
  const { lastVerifiedTime, pending, refusingSince, lastDropTime } = report
  const columns = [
    minutesOf(lastVerifiedTime),
    pending === 0 ? '' : pending.toString(36),
    minutesOf(refusingSince),
    minutesOf(lastDropTime),
  ]
  const id = Buffer.from(uid.replaceAll('-', ''), 'hex').toString('base64url')
  return `${[id, ...columns].join(',').replace(/,+$/, '')};`
}

/** Each entry as it stands, not judged; undefined for one that is none. */
export function* unpackEndpoints(text: string): Generator<[uid: string, report: EndpointReport] | undefined> {
  for (const each of text.split(';')) {
    if (each !== '') yield unpackEndpoint(each)
  }
}

function unpackEndpoint(text: string): [uid: string, report: EndpointReport] | undefined {
  const [, id = '', rest = ''] = entry.exec(text) ?? []
  const hex = Buffer.from(id, 'base64url').toString('hex')
  if (hex.length !== 32) return undefined
  const uid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  const [, verified = '', pending = '', refusing = '', dropped = ''] = rest.split(',')
  return [
    uid,
    {
      ...(verified !== '' && { lastVerifiedTime: timeOf(verified) }),
      ...(refusing !== '' && { refusingSince: timeOf(refusing) }),
      ...(dropped !== '' && { lastDropTime: timeOf(dropped) }),
      pending: pending === '' ? 0 : Number.parseInt(pending, 36),
    },
  ]
}

function minutesOf(time: string | undefined): string {
  return time === undefined ? '' : Math.floor(Date.parse(time) / minuteMs).toString(36)
}

/** Far beyond any calendar it is no time; the reader refuses what it gets then. */
function timeOf(minutes: string): string {
  const ms = Number.parseInt(minutes, 36) * minuteMs
  return ms < 8e15 ? formatTime(ms) : ''
}
