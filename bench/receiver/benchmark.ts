import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'

import type { Benchmark } from '../benchmark.ts'
import { startServerProcess, type ServerProcess } from '../server-process.ts'
import { measureClosedLoop } from './closed-loop.ts'
import { median, mediansOf, type Measured } from './measured.ts'
import { measureOpenLoop } from './open-loop.ts'
import { signedRequests } from './signed-requests.ts'

const path = '/v1/s/bench/events'
const bodyBytes = 600
/** Far more than one project sends, far less than the receiver can take: what matters here is how long an answer takes. */
const openLoopPerSecond = 1_000
const connectionCounts = [16, 64, 256]
/** On the disk of the checkout: a folder for temporary files may be in memory, where an fsync costs nothing. */
const scratchFolder = '.cache/bench'

/** Rounds alternate between the two servers, so that whatever else the machine does hits both. */
const full = { rounds: 5, requestsPerRound: 20_000, warmUpRequests: 10_000, openLoopSeconds: 20 }
const smoke = { rounds: 1, requestsPerRound: 1_000, warmUpRequests: 500, openLoopSeconds: 2 }

interface Level {
  connections: number
  bare: Measured
  receiver: Measured
  /** Receiver per bare: the figure that means something on another machine too. */
  ratio: number
}

/** What the receiver costs: verified, deduplicated and committed with fsync, against `node:http` that answers 204 at once, same machine, same run. */
export const receiverBenchmark: Benchmark = {
  name: 'receiver',
  about: 'deliveries per second, verified and durable with fsync, beside a bare node:http server',
  async run({ smoke: isSmoke, progress }) {
    const plan = isSmoke ? smoke : full
    const secret = randomBytes(24)
    await mkdir(scratchFolder, { recursive: true })
    const dataFolder = await mkdtemp(join(scratchFolder, 'receiver-'))
    const servers: ServerProcess[] = []
    try {
      const bare = await startServerProcess(new URL('./bare-server.ts', import.meta.url))
      servers.push(bare)
      const receiver = await startServerProcess(new URL('./receiver-server.ts', import.meta.url), [
        dataFolder,
        `whsec_${secret.toString('base64')}`,
      ])
      servers.push(receiver)
      const makeRequests = (count: number) =>
        signedRequests(count, { path, key: createSecretKey(secret), bodyBytes, nowMs: Date.now() })
      const levels: Level[] = []
      for (const connections of connectionCounts) {
        const level = await measureLevel(connections, { bare, receiver }, { ...plan, makeRequests })
        progress(
          `${connections} connections: bare ${level.bare.perSecond}/s, receiver ${level.receiver.perSecond}/s, ratio ${level.ratio}`,
        )
        levels.push(level)
      }
      const openLoopRequests = makeRequests(openLoopPerSecond * plan.openLoopSeconds)
      const { startMs: _, ...openLoop } = await measureOpenLoop(receiver.port, openLoopRequests, openLoopPerSecond)
      progress(`${openLoopPerSecond}/s open loop: p50 ${openLoop.p50Ms} ms, p99 ${openLoop.p99Ms} ms`)
      const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() }
      const on = 'limits, look-up, signature, dedupe, one delivery to claim for each event, metrics, log (warnings)'
      return { ...machine, fsync: true, on, off: 'dispatcher', bodyBytes, ...plan, levels, openLoop }
    } finally {
      for (const server of servers) await server.stop()
      await rm(dataFolder, { recursive: true, force: true })
    }
  },
}

interface LevelPlan {
  rounds: number
  requestsPerRound: number
  warmUpRequests: number
  makeRequests: (count: number) => Buffer[]
}

async function measureLevel(
  connections: number,
  servers: { bare: ServerProcess; receiver: ServerProcess },
  plan: LevelPlan,
): Promise<Level> {
  const warmUp = plan.makeRequests(plan.warmUpRequests)
  await measureClosedLoop(servers.bare.port, warmUp, connections)
  await measureClosedLoop(servers.receiver.port, warmUp, connections)
  const bare: Measured[] = []
  const receiver: Measured[] = []
  for (let round = 0; round < plan.rounds; round++) {
    // Fresh ids for each round: a duplicate would be folded, which is less work.
    const requests = plan.makeRequests(plan.requestsPerRound)
    bare.push(await measureClosedLoop(servers.bare.port, requests, connections))
    receiver.push(await measureClosedLoop(servers.receiver.port, requests, connections))
  }
  const typical = { bare: mediansOf(bare), receiver: mediansOf(receiver) }
  // Round by round: the two halves of one round saw the same machine.
  const ratios = receiver.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN))
  return { connections, ...typical, ratio: Math.round(median(ratios) * 1000) / 1000 }
}
