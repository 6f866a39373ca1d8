const defaultPageSize = 50

/** Undefined: not a number. */
export function pageSizeOf(given: unknown, maxPageSize: number): number | undefined {
  if (given === undefined || given === '' || given === '0') return Math.min(defaultPageSize, maxPageSize)
  return typeof given === 'string' && /^\d{1,9}$/.test(given) ? Math.min(Number(given), maxPageSize) : undefined
}

/** Opaque to callers; a position, so that pages shift when something comes or goes between two of them. */
export const writePageToken = (position: number) => Buffer.from(`after:${position}`).toString('base64url')

/** Undefined: not a token of ours. */
export function readPageToken(given: unknown): number | undefined {
  if (given === undefined || given === '') return 0
  const read = typeof given === 'string' ? /^after:(\d{1,9})$/.exec(Buffer.from(given, 'base64url').toString()) : null
  return read === null ? undefined : Number(read[1])
}
