import { isIP } from 'node:net'

import { ok, problem, type Result } from '../result.ts'
import { isForbiddenHost, normalizeHost, type AddressRules, type Reach } from './address-guard.ts'

interface Target {
  readonly origin: string
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
  const portNumber = Number(parsed.port || (parsed.protocol === 'https:' ? 443 : 80))
  if (isForbiddenHost(host, portNumber, { reach, rules })) return problem('forbiddenAddress')
  const port = parsed.port === '' ? '' : `:${parsed.port}`
  const origin = `${parsed.protocol}//${isIP(host) === 6 ? `[${host}]` : host}${port}`
  return ok({ origin, path: parsed.pathname + parsed.search })
}
