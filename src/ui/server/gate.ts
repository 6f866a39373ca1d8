import type { IncomingHttpHeaders } from 'node:http'

import { pageHeader } from '../../contract/page/addresses.ts'
import { hasCookie, type Session } from './session.ts'

/** Why a request is refused; `says` names what was wrong, and what to do. */
export interface Refusal {
  readonly status: 401 | 403
  readonly says: string
}

interface Asked {
  readonly method: string
  /** `entry`: takes the token. `page`: the files, which hold nothing of anybody. `api`: everything else. */
  readonly what: 'entry' | 'page' | 'api'
  readonly headers: IncomingHttpHeaders
}

/** Any port: somebody may have forwarded it by ssh. */
const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i

/**
 * Whether a request may pass. A page of another site can make a browser send requests here, but with its own Origin or
 * `Sec-Fetch-Site`; with a name of its own that it has turned to loopback, not with our Host; and none with the cookie.
 */
export function judgeRequest({ method, what, headers }: Asked, session: Session): Refusal | undefined {
  const { host = '', origin, cookie } = headers
  if (!loopbackHost.test(host)) {
    return forbidden('ask for localhost, 127.0.0.1 or [::1]: this page is for this machine alone')
  }
  if (origin !== undefined && origin !== `http://${host}`) return forbidden('a page of another origin asks')
  if (isFromElsewhere(headers) && !isNavigation(method, headers)) return forbidden('a page of another site asks')
  if (what !== 'api') return undefined
  if (method !== 'GET' && headers[pageHeader] === undefined) return forbidden(`send the header ${pageHeader}`)
  if (hasCookie(session, cookie)) return undefined
  return { status: 401, says: notLetIn }
}

export const notLetIn =
  'not let in: open the address that "gwh ui" printed when it started, with its token; each start has a new one'

function forbidden(says: string): Refusal {
  return { status: 403, says }
}

/** `same-site` too: another port of this machine is the same site. Browsers without the header are held by Origin. */
function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

/** Somebody follows a link to the page. */
function isNavigation(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}
