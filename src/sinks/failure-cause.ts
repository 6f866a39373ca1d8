/**
 * Why no answer came, besides our own end of the attempt, as a closed list: the text of an error may contain addresses
 * and names that must not be published.
 */
export type FailureCause =
  | 'forbiddenAddress'
  | 'nameNotResolved'
  | 'connectionRefused'
  | 'connectionReset'
  | 'connectTimeout'
  | 'unreachable'
  | 'tls'
  | 'malformedAnswer'
  | 'connection'

const causesByCode: Readonly<Record<string, FailureCause>> = {
  ERR_SINK_ADDRESS_FORBIDDEN: 'forbiddenAddress',
  ENOTFOUND: 'nameNotResolved',
  EAI_AGAIN: 'nameNotResolved',
  EAI_FAIL: 'nameNotResolved',
  ENODATA: 'nameNotResolved',
  ECONNREFUSED: 'connectionRefused',
  ECONNRESET: 'connectionReset',
  EPIPE: 'connectionReset',
  UND_ERR_SOCKET: 'connectionReset',
  UND_ERR_CONNECT_TIMEOUT: 'connectTimeout',
  ETIMEDOUT: 'connectTimeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ERR_SOCKET_CONNECTION_TIMEOUT: 'connectTimeout',
  UND_ERR_HEADERS_OVERFLOW: 'malformedAnswer',
  ERR_SINK_ANSWER_TOO_LONG: 'malformedAnswer',
}

/** Reads the code of an error of undici, of Node's sockets, TLS and resolver. */
export function failureCauseOf(error: unknown): FailureCause {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known = causesByCode[code]
  if (known !== undefined) return known
  if (code.startsWith('HPE_') || (error instanceof Error && error.name === 'HTTPParserError')) return 'malformedAnswer'
  if (/TLS|SSL|CERT|SIGNATURE|ISSUER/.test(code)) return 'tls'
  return 'connection'
}
