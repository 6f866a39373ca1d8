import { isIP } from 'node:net'

import { ok, problem, type Result } from '../result.ts'
import { isForbiddenHost, normalizeHost, type AddressRules, type Reach } from './address-guard.ts'

/** Where a request goes to. */
export interface Target {
  readonly isEncrypted: boolean
  /** A name, or an address without brackets. */
  readonly host: string
  /** Empty: the usual one of the scheme. */
  readonly port: string
  /** For the `Host` header. */
  readonly authority: string
  /** With the query. */
  readonly path: string
}

/**
 * The destination of a request, parsed as browsers parse URLs, so that `http://0x7f000001` and `http://2130706433` are
 * the addresses that they are. Trailing dots are dropped. Refused are other schemes, user names and passwords, and
 * hosts and ports that sinks may not reach.
 */
export function parseTarget(
  url: string,
  reach: Reach,
  rules: AddressRules,
): Result<Target, 'badUrl' | 'forbiddenAddress'> {
  const parsed = URL.parse(url)
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) return problem('badUrl')
  if (parsed.username !== '' || parsed.password !== '') return problem('badUrl')
  const host = normalizeHost(parsed.hostname)
  const { port } = parsed
  const isEncrypted = parsed.protocol === 'https:'
  if (isForbiddenHost(host, Number(port || (isEncrypted ? 443 : 80)), { reach, rules })) {
    return problem('forbiddenAddress')
  }
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}${port === '' ? '' : `:${port}`}`
  return ok({ isEncrypted, host, port, authority, path: parsed.pathname + parsed.search })
}
