import { isRecord } from '../../is-record.ts'

/** Where the page before ended, by receiver; one that is missing has no more. */
export type Places = Readonly<Record<string, string>>

/** As one text. */
export function writePlaces(places: Places): string {
  return Buffer.from(JSON.stringify(places)).toString('base64url')
}

/** Empty for what is none: there is no more then. */
export function readPlaces(cursor: string): Places {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (!isRecord(value)) return {}
    const places = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    return Object.fromEntries(places)
  } catch {
    return {}
  }
}
