import { createSocket } from 'node:dgram'
import { Resolver, type LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'

import type { LookupAll } from '../../src/sinks/guarded-connector.ts'

/** The addresses of a name, both families mixed. `nth` counts the lookups of that name from 1: another answer each time is DNS rebinding. */
export type Zone = Readonly<Record<string, (nth: number) => readonly string[]>>

const recordTypes = { 1: 'A', 28: 'AAAA' } as const
const noSuchName = 3

/** A real DNS server on loopback, over UDP, which answers for one zone and keeps what it was asked. */
export class DnsServer {
  readonly #socket = createSocket('udp4')
  readonly #zone: Zone
  readonly #asked = new Map<string, { A: number; AAAA: number }>()

  private constructor(zone: Zone) {
    this.#zone = zone
    this.#socket.on('message', (query, from) => this.#socket.send(this.#answer(query), from.port, from.address))
  }

  static async start(zone: Zone): Promise<DnsServer> {
    const server = new DnsServer(zone)
    server.#socket.bind(0, '127.0.0.1')
    await once(server.#socket, 'listening')
    return server
  }

  /** How often this name was looked up. */
  lookupsOf(name: string): number {
    const { A, AAAA } = this.#asked.get(name) ?? { A: 0, AAAA: 0 }
    return Math.max(A, AAAA)
  }

  /** What a sink uses in place of the system's resolver: every address of a name, asked here. */
  get lookup(): LookupAll {
    const resolver = new Resolver({ timeout: 2_000, tries: 2 })
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`])
    return (hostname, callback) => {
      const name = hostname.replace(/\.$/, '')
      resolver.resolve4(name, (error4, four) => {
        resolver.resolve6(name, (error6, six) => {
          const addresses: LookupAddress[] = [
            ...listOf(four).map((address) => ({ address, family: 4 })),
            ...listOf(six).map((address) => ({ address, family: 6 })),
          ]
          callback(addresses.length === 0 ? (error4 ?? error6) : null, addresses)
        })
      })
    }
  }

  close(): void {
    this.#socket.close()
  }

  #answer(query: Buffer): Buffer {
    const { name, type, end } = readQuestion(query)
    const asked = this.#asked.get(name) ?? { A: 0, AAAA: 0 }
    this.#asked.set(name, asked)
    const kind = recordTypes[type as keyof typeof recordTypes]
    const answers = kind === undefined ? [] : (this.#zone[name]?.(++asked[kind]) ?? [])
    const fitting = answers.filter((address) => isIPv4(address) === (kind === 'A'))
    const records = fitting.map((address) => recordOf(type, isIPv4(address) ? ipv4Bytes(address) : ipv6Bytes(address)))
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180 | (name in this.#zone ? 0 : noSuchName), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    head.writeUInt32BE(0, 8)
    return Buffer.concat([head, query.subarray(12, end), ...records])
  }
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

/** Points back to the question for its name; lives for no time, so that nothing on the way keeps it. */
function recordOf(type: number, address: Buffer): Buffer {
  const record = Buffer.alloc(12)
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(type, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt16BE(address.length, 10)
  return Buffer.concat([record, address])
}

const ipv4Bytes = (address: string) => Buffer.from(address.split('.').map(Number))

const groupsOf = (part: string) => (part === '' ? [] : part.split(':'))

/** Despite its types, the resolver hands over nothing along with an error. */
const listOf = (addresses: string[] | undefined) => addresses ?? []

function ipv6Bytes(address: string): Buffer {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [left = '', right] = text.split('::')
  const [before, after] = [groupsOf(left), groupsOf(right ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
