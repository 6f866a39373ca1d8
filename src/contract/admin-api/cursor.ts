/** Where a page ended: a time in milliseconds since the epoch, and an id for what is of the same moment. */
export interface Cursor {
  ms: number
  deliveryId: string
}

/** Where the next page begins, as one text that only the receiver understands. */
export function writeCursor({ ms, deliveryId }: Cursor): string {
  return Buffer.from(`${ms} ${deliveryId}`).toString('base64url')
}

export function parseCursor(cursor: string): Cursor | undefined {
  const [, ms, deliveryId] = /^(\d{1,15}) (\S{1,512})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? []
  return deliveryId === undefined ? undefined : { ms: Number(ms), deliveryId }
}
