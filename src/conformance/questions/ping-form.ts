import { isRecord } from '../../is-record.ts'
import { macOf } from '../../signature/sign.ts'
import { decodeIssuedSecret } from '../../signature/signing-secret.ts'
import type { Arrival } from '../called-endpoint.ts'
import { eitherWay, found, unknown, type Finding } from '../finding.ts'

/** The JSON of a delivery; undefined where it is none. */
export function eventIn({ body }: Pick<Arrival, 'body'>): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString())
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const signatureOf = ({ headers }: Pick<Arrival, 'headers'>): string => String(headers['webhook-signature'] ?? '')

/** The form of a ping of the webhook with this id. */
export function judgePing(arrival: Pick<Arrival, 'headers' | 'body'>, id: string): Finding[] {
  const agent = arrival.headers['user-agent']
  const event = eventIn(arrival)
  const hasV1a = signatureOf(arrival)
    .split(' ')
    .some((entry) => entry.startsWith('v1a,'))
  return [
    ...(event === undefined
      ? ['pingType', 'pingBody'].map((name) => unknown(name, 'the body of a ping is no JSON object'))
      : [judgeType(event), judgeBody(event, id)]),
    agent === undefined ? unknown('userAgent', 'none was sent') : found('userAgent', agent, 'as it was sent'),
    eitherWay('v1aOnStatic', {
      isSo: hasV1a,
      yes: 'added',
      no: 'absent',
      what: `a ping has ${hasV1a ? 'a' : 'no'} v1a entry`,
    }),
  ]
}

function judgeType({ type }: Readonly<Record<string, unknown>>): Finding {
  return typeof type === 'string' && type.length <= 128
    ? found('pingType', type, 'the type of a ping')
    : unknown('pingType', 'a ping has no type')
}

function judgeBody(event: Readonly<Record<string, unknown>>, id: string): Finding {
  const keys = Object.keys(event).toSorted().join(', ')
  if (keys === '') return found('pingBody', 'emptyObject', 'a ping is {}')
  const { data } = event
  if (!isRecord(data)) return unknown('pingBody', `a ping has the keys ${keys.slice(0, 128)}`)
  if (data['id'] === id) return found('pingBody', 'envelopeWithId', 'data.id is the id of the webhook')
  return Object.keys(data).length === 0
    ? found('pingBody', 'envelope', 'data is {}')
    : unknown('pingBody', 'data has other keys than id')
}

/** The `v1` entries of a delivery in the overlap of two secrets. */
export function judgeSignatures(
  arrival: Pick<Arrival, 'headers' | 'body'>,
  secrets: { old: string; fresh: string },
): Finding {
  const name = 'rotationSignatures'
  const [old, fresh] = [entryBy(secrets.old, arrival), entryBy(secrets.fresh, arrival)]
  const order = signatureOf(arrival)
    .split(' ')
    .flatMap((entry) => (entry === old ? ['old'] : entry === fresh ? ['new'] : []))
    .join(', ')
  const setting = new Map([
    ['old, new', 'oldNew'],
    ['new, old', 'newOld'],
    ['new', 'newOnly'],
  ]).get(order)
  const seen = order === '' ? 'no entry was made with either secret' : `the entries are of the secrets: ${order}`
  return setting === undefined ? unknown(name, seen) : found(name, setting, seen)
}

/** The entry that a secret makes of a delivery; undefined where it makes none. */
function entryBy(secret: string, { headers, body }: Pick<Arrival, 'headers' | 'body'>): string | undefined {
  const key = decodeIssuedSecret(secret)
  if (!key.ok) return undefined
  const fields = { id: String(headers['webhook-id']), timestamp: String(headers['webhook-timestamp']) }
  return `v1,${macOf(fields, body, key.value)}`
}
