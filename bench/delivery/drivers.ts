import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { startNatsCluster } from '../../test/support/processes/nats-cluster.ts'
import { findNatsServer, NatsServer } from '../../test/support/processes/nats-server.ts'
import { cpuMsInStat } from './cpu-in-stat.ts'

/** A store of its own for one receiver. */
export interface Store {
  readonly flags: readonly string[]
  /** undefined: it is a file. */
  readonly natsUrl?: string
  /** User and system time of the server behind it; undefined: there is none, or the system does not tell. */
  readonly serverCpuMs: () => number | undefined
}

/** An inbox to measure with. */
export interface Driver {
  readonly name: 'sqlite' | 'jetstream' | 'jetstream of three'
  readonly durability: string
  /** For a receiver that works in this folder; goes with `parts`. */
  open(folder: string, parts: AsyncDisposableStack): Promise<Store>
}

const sqlite: Driver = {
  name: 'sqlite',
  durability: 'fsync per commit',
  open: async (folder) => ({ flags: [`--data-dir=${join(folder, 'data')}`], serverCpuMs: () => undefined }),
}

const jetstream: Driver = {
  name: 'jetstream',
  durability: 'one nats-server, sync_interval: always',
  async open(_folder, parts) {
    const server = await NatsServer.start()
    parts.defer(() => server.dispose())
    return {
      natsUrl: server.url,
      flags: ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1'],
      serverCpuMs: () => cpuMsOf(server.pid),
    }
  },
}

/** As people run it: a write is on three servers before it is acknowledged, and each syncs when it sees fit. */
const jetstreamOfThree: Driver = {
  name: 'jetstream of three',
  durability: 'three nats-servers on this machine, three copies, default syncing',
  async open(_folder, parts) {
    const servers = await startNatsCluster(parts)
    const urls = servers.map(({ url }) => url).join(',')
    return {
      natsUrl: urls,
      flags: ['--inbox=jetstream', `--nats-url=${urls}`, '--nats-replicas=3'],
      serverCpuMs: () => sumOrNothing(servers.map(({ pid }) => cpuMsOf(pid))),
    }
  },
}

/** Those that there are on this machine. */
export function findDrivers(): Driver[] {
  return findNatsServer() === undefined ? [sqlite] : [sqlite, jetstream, jetstreamOfThree]
}

function sumOrNothing(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length < values.length ? undefined : known.reduce((sum, value) => sum + value, 0)
}

/** From outside, for a program that is not ours; Linux alone tells. */
function cpuMsOf(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined
  return cpuMsInStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}
