import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** What lets a browser in. All of it follows from one token. */
export interface Session {
  /** In the address that is printed, and nowhere else: 256 bits. */
  readonly token: string
  /**
   * Everything but the entry lies below it. Cookies do not tell one port of a host from another: with a path that only
   * this start has, the browser sends ours to no other server on loopback.
   */
  readonly path: string
  readonly cookieName: string
  readonly cookieValue: string
}

/** A new one, or that of a token which is known already. */
export function openSession(token: string = randomBytes(32).toString('base64url')): Session {
  const derived = (what: string) => createHmac('sha256', token).update(what).digest('base64url')
  return { token, path: `/s/${derived('path').slice(0, 22)}`, cookieName: 'gwh-ui', cookieValue: derived('cookie') }
}

/** As the browser is to keep it: out of reach of scripts, never sent with a request that another site began. */
export function setCookie({ cookieName, cookieValue, path }: Session): string {
  return `${cookieName}=${cookieValue}; Path=${path}/; HttpOnly; SameSite=Strict`
}

/** Whether a `Cookie` header has the session's. */
export function hasCookie({ cookieName, cookieValue }: Session, header: string | undefined): boolean {
  const given = (header ?? '').split(';').map((pair) => pair.trim().split('='))
  return given.some(([name, value = '']) => name === cookieName && isSame(value, cookieValue))
}

/** In the same time wherever the two differ. */
export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHmac('sha256', 'compare').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
