import { Resolver, type LookupAddress } from 'node:dns'

import type { Clock } from '../clock.ts'

/**
 * What the DNS says about one full name. `none`: it exists nowhere, or, where `isForAll` is not set, without addresses
 * of the family that was asked for. `failed`: no server gave an answer; it may be tried again.
 */
export type DnsAnswer =
  | { type: 'addresses'; addresses: readonly LookupAddress[]; ttlSeconds: number }
  | { type: 'none'; isForAll: boolean }
  | { type: 'failed'; isRefusal: boolean }

interface Question {
  readonly name: string
  readonly servers: readonly string[]
  readonly clock: Clock
  /** Ends the question; it then counts as failed. */
  readonly signal: AbortSignal
}

/**
 * Of the first try; each further one waits twice as long. Cluster DNS answers within milliseconds, and a lost datagram
 * should not cost a second.
 */
const firstTryMs = 1_000
const tries = 3
/** How long the addresses of one family wait for those of the other: some name servers never answer for AAAA. */
const otherFamilyMs = 250

/**
 * Asks the name servers for both families at once. c-ares works in the event loop, so that a name without an answer
 * holds no thread, and turns to the next server after silence and to TCP after a truncated answer; it does not after a
 * refusal, so that is done here.
 */
export async function askServers(question: Question): Promise<DnsAnswer> {
  const { servers } = question
  let answer: DnsAnswer = { type: 'failed', isRefusal: false }
  for (const at of servers.keys()) {
    if (question.signal.aborted) break
    answer = await askOnce({ ...question, servers: [...servers.slice(at), ...servers.slice(0, at)] })
    if (answer.type !== 'failed' || !answer.isRefusal) break
  }
  return answer
}

async function askOnce({ name, servers, clock, signal }: Question): Promise<DnsAnswer> {
  const resolver = new Resolver({ timeout: firstTryMs, tries })
  resolver.setServers(servers)
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  const four = askFamily(resolver, name, 4)
  const six = askFamily(resolver, name, 6)
  try {
    const first = await Promise.race([four, six])
    if (first.type !== 'addresses' && !isForAll(await four)) return join(await four, await six)
    const cancelTimer = clock.after(otherFamilyMs, cancel)
    const both = await Promise.all([four, six])
    cancelTimer()
    return join(...both)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/**
 * Addresses of either family win; without any, a family of which nothing is known leaves open whether there are, unless
 * the name does not exist.
 */
function join(four: DnsAnswer, six: DnsAnswer): DnsAnswer {
  if (four.type === 'addresses' && six.type === 'addresses') {
    const ttlSeconds = Math.min(four.ttlSeconds, six.ttlSeconds)
    return { type: 'addresses', addresses: [...four.addresses, ...six.addresses], ttlSeconds }
  }
  const ordered = [four, six]
  return (
    ordered.find(({ type }) => type === 'addresses') ??
    ordered.find(isRefusal) ??
    (isForAll(four) ? four : ordered.find(({ type }) => type === 'failed')) ??
    four
  )
}

/**
 * A name that does not exist has no addresses of the other family either, so that a server which is silent about IPv6
 * hides nothing behind the search domains. Asked of IPv4 only: there are servers that say so of every IPv6 address they
 * do not have.
 */
function isForAll(answerForFour: DnsAnswer): boolean {
  return answerForFour.type === 'none' && answerForFour.isForAll
}

function isRefusal(answer: DnsAnswer): boolean {
  return answer.type === 'failed' && answer.isRefusal
}

const noSuchName: ReadonlySet<string | undefined> = new Set(['ENOTFOUND', 'EBADNAME'])
const noSuchRecord = 'ENODATA'
const refusals: ReadonlySet<string | undefined> = new Set(['ESERVFAIL', 'EREFUSED', 'ENOTIMP', 'EFORMERR'])

function askFamily(resolver: Resolver, name: string, family: 4 | 6): Promise<DnsAnswer> {
  return new Promise((resolve) => {
    const heard = (error: NodeJS.ErrnoException | null, records: { address: string; ttl: number }[] | undefined) => {
      if (error !== null) {
        resolve(answerOfCode(error.code))
      } else if (records === undefined || records.length === 0) {
        resolve({ type: 'none', isForAll: false })
      } else {
        const addresses = records.map(({ address }) => ({ address, family }))
        resolve({ type: 'addresses', addresses, ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)) })
      }
    }
    if (family === 4) resolver.resolve4(name, { ttl: true }, heard)
    else resolver.resolve6(name, { ttl: true }, heard)
  })
}

function answerOfCode(code: string | undefined): DnsAnswer {
  if (noSuchName.has(code)) return { type: 'none', isForAll: true }
  if (code === noSuchRecord) return { type: 'none', isForAll: false }
  return { type: 'failed', isRefusal: refusals.has(code) }
}
