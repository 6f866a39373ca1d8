import type { LookupAddress } from 'node:dns'

import type { Clock } from '../clock.ts'
import { askServers, type DnsAnswer } from './ask-servers.ts'
import { parseHostsFile } from './hosts-file.ts'
import { NameNotResolvedError } from './name-not-resolved-error.ts'
import { parseResolvConf } from './resolv-conf.ts'
import { searchList } from './search-list.ts'
import { WatchedFile } from './watched-file.ts'

export interface NameResolverOptions {
  clock: Clock
  /** Default: those of this machine, or of this pod. */
  resolvConfPath?: string
  hostsPath?: string
  /** With their ports, instead of those in `resolv.conf`; for tests, which cannot have port 53. */
  servers?: readonly string[]
  /** Default: 1,024. */
  maxUnderWay?: number
}

/** Of one name, all its search domains and tries together. */
const lookupTimeoutMs = 5_000
/**
 * An address that moved is found again soon; a name that is asked for a thousand times a second is looked up once in
 * this time.
 */
const longestKeptMs = 5_000
/** What does not exist may be about to, and a name server that failed may be available again. */
const missKeptMs = 1_000
const maxKept = 4_096
/**
 * Each holds a socket or two. Above it the lookup that has waited longest ends: names that exist are answered within
 * milliseconds, so that any number of names without an answer only displace each other.
 */
const mostUnderWay = 1_024

type Outcome = { found: true; addresses: readonly LookupAddress[] } | { found: false; isCertain: boolean }

/**
 * Finds the addresses of names as the system's resolver does (`/etc/hosts`, search domains and `ndots` of
 * `/etc/resolv.conf`, both families), but in the event loop: `getaddrinfo` has two of the process's threads and cannot
 * be cancelled, so that two names without an answer would delay all other lookups. One lookup at a time for each name,
 * bounded in time, and its outcome kept for a moment.
 */
export class NameResolver {
  readonly #clock: Clock
  readonly #servers: readonly string[] | undefined
  readonly #maxUnderWay: number
  readonly #resolvConf: WatchedFile<ReturnType<typeof parseResolvConf>>
  readonly #hosts: WatchedFile<ReturnType<typeof parseHostsFile>>
  readonly #kept = new Map<string, { outcome: Outcome; untilMs: number }>()
  readonly #underWay = new Map<string, { outcome: Promise<Outcome>; giveUp: () => void }>()
  readonly #closing = new AbortController()

  constructor({
    clock,
    servers,
    resolvConfPath = '/etc/resolv.conf',
    hostsPath = '/etc/hosts',
    maxUnderWay = mostUnderWay,
  }: NameResolverOptions) {
    this.#clock = clock
    this.#servers = servers
    this.#maxUnderWay = maxUnderWay
    this.#resolvConf = new WatchedFile(resolvConfPath, parseResolvConf, clock)
    this.#hosts = new WatchedFile(hostsPath, parseHostsFile, clock)
  }

  /**
   * All addresses, never none. Rejects with NameNotResolvedError: `ENOTFOUND` when there is no such name, `EAI_AGAIN`
   * when no server gave an answer.
   */
  async resolve(hostname: string): Promise<readonly LookupAddress[]> {
    const name = hostname.toLowerCase()
    const near = this.#hosts.content.get(name.replace(/\.$/, '')) ?? loopbackOf(name)
    if (near !== undefined) return near
    const outcome = await (this.#keptOutcome(name) ?? this.#underWay.get(name)?.outcome ?? this.#begin(name))
    if (outcome.found) return outcome.addresses
    throw new NameNotResolvedError(hostname, outcome.isCertain)
  }

  /** Lookups under way end at once as failed, and so does every later one that needs a name server. */
  close(): void {
    this.#closing.abort()
  }

  #keptOutcome(name: string): Outcome | undefined {
    const kept = this.#kept.get(name)
    if (kept === undefined) return undefined
    if (kept.untilMs > this.#clock.monotonic()) return kept.outcome
    this.#kept.delete(name)
    return undefined
  }

  #begin(name: string): Promise<Outcome> {
    if (this.#closing.signal.aborted) return Promise.resolve({ found: false, isCertain: false })
    const [longest] = this.#underWay
    if (longest !== undefined && this.#underWay.size >= this.#maxUnderWay) {
      const [waiting, { giveUp }] = longest
      this.#underWay.delete(waiting)
      giveUp()
    }
    const end = new AbortController()
    const lookup = { outcome: this.#lookUp(name, end), giveUp: () => end.abort() }
    this.#underWay.set(name, lookup)
    return lookup.outcome.finally(() => {
      if (this.#underWay.get(name) === lookup) this.#underWay.delete(name)
    })
  }

  async #lookUp(name: string, end: AbortController): Promise<Outcome> {
    const onEnd = () => end.abort()
    const cancelTimeout = this.#clock.after(lookupTimeoutMs, onEnd)
    this.#closing.signal.addEventListener('abort', onEnd, { once: true })
    try {
      const answer = await this.#ask(name, end.signal)
      return this.#keep(name, answer)
    } finally {
      cancelTimeout()
      this.#closing.signal.removeEventListener('abort', onEnd)
    }
  }

  /**
   * The first of the names that exists. A server that refuses to say may be one that has nothing to do with a search
   * domain, so the next name is tried; but then "there is none" is not certain. Silence ends the lookup: there is no
   * time to wait for each.
   */
  async #ask(name: string, signal: AbortSignal): Promise<DnsAnswer> {
    const conf = this.#resolvConf.content
    const servers = this.#servers ?? conf.servers
    let last: DnsAnswer = { type: 'none', isForAll: true }
    for (const full of searchList(name, conf)) {
      const answer = await askServers({ name: full, servers, clock: this.#clock, signal })
      if (answer.type === 'addresses') return answer
      if (answer.type === 'failed') last = answer
      if (answer.type === 'failed' && !answer.isRefusal) break
    }
    return last
  }

  #keep(name: string, answer: DnsAnswer): Outcome {
    const outcome: Outcome =
      answer.type === 'addresses'
        ? { found: true, addresses: answer.addresses }
        : { found: false, isCertain: answer.type === 'none' }
    const keptMs = answer.type === 'addresses' ? Math.min(answer.ttlSeconds * 1_000, longestKeptMs) : missKeptMs
    const oldest = this.#kept.keys().next()
    if (this.#kept.size >= maxKept && oldest.done !== true) this.#kept.delete(oldest.value)
    this.#kept.set(name, { outcome, untilMs: this.#clock.monotonic() + keptMs })
    return outcome
  }
}

/** No name server is asked for these (RFC 6761, section 6.3), even where the hosts file does not name them. */
function loopbackOf(name: string): readonly LookupAddress[] | undefined {
  if (!/(?:^|\.)localhost\.?$/.test(name)) return undefined
  return [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]
}
