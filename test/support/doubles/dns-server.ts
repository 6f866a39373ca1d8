import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv4, type AddressInfo } from 'node:net'

import { systemClock } from '../../../src/clock.ts'
import { NameResolver } from '../../../src/names/name-resolver.ts'
import type { LookupAll } from '../../../src/sinks/guarded-lookup.ts'

/**
 * The addresses of a name, both families mixed. `nth` counts the lookups of that name and kind from 1: another answer
 * each time is DNS rebinding. `silence` is no answer at all, `failure` that of a server which cannot say (SERVFAIL).
 */
export type Zone = Readonly<
  Record<string, (nth: number, kind: 'A' | 'AAAA') => readonly string[] | 'silence' | 'failure'>
>

const recordTypes = { 1: 'A', 28: 'AAAA' } as const
const serverFailure = 2
const noSuchName = 3
/** What a datagram holds without extensions; a longer answer is cut, and asked for again over TCP. */
const maxDatagramBytes = 512
const cutFlag = 0x0200

/** A real DNS server on loopback, over UDP and TCP, which answers for one zone and keeps what it was asked. */
export class DnsServer {
  readonly #socket = createSocket('udp4')
  readonly #tcp = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (query) => {
      const answer = this.#answer(query.subarray(2))
      if (answer === undefined) return
      const length = Buffer.alloc(2)
      length.writeUInt16BE(answer.length)
      socket.write(Buffer.concat([length, answer]))
    })
  })
  readonly #zone: Zone
  /** Of every answer from now on. None: nothing on the way keeps it. */
  ttlSeconds = 0
  /** Does not say a word about IPv6, not even that a name does not exist. */
  isSilentAboutIPv6 = false
  readonly #asked = new Map<string, { A: number; AAAA: number }>()

  private constructor(zone: Zone) {
    this.#zone = zone
    this.#socket.on('message', (query, from) => {
      const answer = this.#answer(query)
      if (answer !== undefined) this.#socket.send(toDatagram(query, answer), from.port, from.address)
    })
  }

  /**
   * A port that is free for datagrams may be taken for connections, and both must be the same: then another one is
   * tried.
   */
  static async start(zone: Zone, triesLeft = 10): Promise<DnsServer> {
    const server = new DnsServer(zone)
    server.#socket.bind(0, '127.0.0.1')
    await once(server.#socket, 'listening')
    try {
      server.#tcp.listen(server.#socket.address().port, '127.0.0.1')
      await once(server.#tcp, 'listening')
      return server
    } catch (error) {
      server.#socket.close()
      if (triesLeft === 0) throw error
      return DnsServer.start(zone, triesLeft - 1)
    }
  }

  /** How often this name was looked up. */
  lookupsOf(name: string): number {
    const { A, AAAA } = this.#asked.get(name) ?? { A: 0, AAAA: 0 }
    return Math.max(A, AAAA)
  }

  /** Where it listens, as a resolver is told. */
  get address(): string {
    return `127.0.0.1:${(this.#tcp.address() as AddressInfo).port}`
  }

  /** What a sink uses in place of the system's resolver: ours, asking here, without this machine's own files. */
  get lookup(): LookupAll {
    const files = { resolvConfPath: '/nonexistent', hostsPath: '/nonexistent' }
    const resolver = new NameResolver({ clock: systemClock, servers: [this.address], ...files })
    return (hostname, callback) => {
      resolver.resolve(hostname).then(
        (addresses) => callback(null, addresses),
        (error: Error) => callback(error, []),
      )
    }
  }

  close(): void {
    this.#socket.close()
    this.#tcp.close()
  }

  /** undefined: not a word. */
  #answer(query: Buffer): Buffer | undefined {
    const { name, type, end } = readQuestion(query)
    const asked = this.#asked.get(name) ?? { A: 0, AAAA: 0 }
    this.#asked.set(name, asked)
    const kind = recordTypes[type as keyof typeof recordTypes]
    if (kind !== undefined) asked[kind] += 1
    const answers = kind === undefined ? [] : (this.#zone[name]?.(asked[kind], kind) ?? [])
    if (answers === 'silence' || (this.isSilentAboutIPv6 && kind === 'AAAA')) return undefined
    const fitting = (answers === 'failure' ? [] : answers).filter((address) => isIPv4(address) === (kind === 'A'))
    const code = answers === 'failure' ? serverFailure : name in this.#zone ? 0 : noSuchName
    const records = fitting.map((address) =>
      recordOf(type, isIPv4(address) ? ipv4Bytes(address) : ipv6Bytes(address), this.ttlSeconds),
    )
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180 | code, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    head.writeUInt32BE(0, 8)
    return Buffer.concat([head, query.subarray(12, end), ...records])
  }
}

/** As it goes into a datagram: without records and marked as cut where it is too long. */
function toDatagram(query: Buffer, answer: Buffer): Buffer {
  if (answer.length <= maxDatagramBytes) return answer
  const cut = Buffer.from(answer.subarray(0, readQuestion(query).end))
  cut.writeUInt16BE(cut.readUInt16BE(2) | cutFlag, 2)
  cut.writeUInt16BE(0, 6)
  return cut
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** Points back to the question for its name. */
function recordOf(type: number, address: Buffer, ttlSeconds: number): Buffer {
  const record = Buffer.alloc(12)
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(type, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(ttlSeconds, 6)
  record.writeUInt16BE(address.length, 10)
  return Buffer.concat([record, address])
}

const ipv4Bytes = (address: string) => Buffer.from(address.split('.').map(Number))

const groupsOf = (part: string) => (part === '' ? [] : part.split(':'))

function ipv6Bytes(address: string): Buffer {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [left = '', right] = text.split('::')
  const [before, after] = [groupsOf(left), groupsOf(right ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
