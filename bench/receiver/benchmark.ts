import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'

import { findNatsServer, NatsServer } from '../../test/support/nats-server.ts'
import type { Benchmark } from '../benchmark.ts'
import { costOf } from '../process-cost.ts'
import { startServerProcess, type ServerProcess } from '../server-process.ts'
import { measureClosedLoop } from './closed-loop.ts'
import { median, mediansOf, type Measured } from './measured.ts'
import { measureOpenLoop } from './open-loop.ts'
import { signedRequests } from './signed-requests.ts'

const path = '/v1/s/bench/events'
const bodyBytes = 600
/**
 * Far more than one project sends, far less than the receiver can take: what matters here is how long an answer takes.
 */
const openLoopPerSecond = 1_000
const connectionCounts = [16, 64, 256]
/** On the disk of the checkout: a folder for temporary files may be in memory, where an fsync costs nothing. */
const scratchFolder = '.cache/bench'

/** Rounds alternate between the two servers, so that whatever else the machine does hits both. */
const full = { rounds: 5, requestsPerRound: 20_000, warmUpRequests: 10_000, openLoopSeconds: 20 }
const smoke = { rounds: 1, requestsPerRound: 1_000, warmUpRequests: 500, openLoopSeconds: 2 }
/** JetStream syncs each event by itself: less of everything takes as long. */
const jetstreamShare = 0.2
const jetstreamConnections = 64

interface Level {
  connections: number
  bare: Measured
  receiver: Measured
  /** Receiver per bare: the figure that means something on another machine too. */
  ratio: number
  /** User and system time of the receiver's process, per delivery. */
  cpuMicroseconds: number
}

/**
 * What the receiver costs: verified, deduplicated and committed with fsync, against `node:http` that answers 204 at
 * once, same machine, same run.
 */
export const receiverBenchmark: Benchmark = {
  name: 'receiver',
  about: 'deliveries per second, verified and durable with fsync, beside a bare node:http server',
  async run({ smoke: isSmoke, progress }) {
    const plan = isSmoke ? smoke : full
    const secret = randomBytes(24)
    await mkdir(scratchFolder, { recursive: true })
    const dataFolder = await mkdtemp(join(scratchFolder, 'receiver-'))
    await using parts = new AsyncDisposableStack()
    parts.defer(() => rm(dataFolder, { recursive: true, force: true }))
    const start = async (program: string, args: readonly string[] = []) => {
      const server = await startServerProcess(new URL(program, import.meta.url), args)
      parts.defer(() => server.stop())
      return server
    }
    const bare = await start('./bare-server.ts')
    const settings = [dataFolder, `whsec_${secret.toString('base64')}`]
    const receiver = await start('./receiver-server.ts', settings)
    const makeRequests = (count: number) =>
      signedRequests(count, { path, key: createSecretKey(secret), bodyBytes, nowMs: Date.now() })
    const tell = (inbox: string, { connections, ratio, ...level }: Level) =>
      progress(
        `${inbox}, ${connections} connections: bare ${level.bare.perSecond}/s, receiver ${level.receiver.perSecond}/s, ratio ${ratio}`,
      )
    const levels: Level[] = []
    for (const connections of connectionCounts) {
      const level = await measureLevel(connections, { bare, receiver }, { ...plan, makeRequests })
      tell('sqlite', level)
      levels.push(level)
    }
    const openLoopRequests = makeRequests(openLoopPerSecond * plan.openLoopSeconds)
    const { startMs: _, ...openLoop } = await measureOpenLoop(receiver.port, openLoopRequests, openLoopPerSecond)
    progress(`${openLoopPerSecond}/s open loop: p50 ${openLoop.p50Ms} ms, p99 ${openLoop.p99Ms} ms`)
    let jetstream: Level | 'no nats-server on PATH' = 'no nats-server on PATH'
    if (findNatsServer() !== undefined) {
      const nats = await NatsServer.start()
      parts.defer(() => nats.dispose())
      const shared = await start('./receiver-server.ts', [...settings, nats.url])
      const less = {
        ...plan,
        requestsPerRound: plan.requestsPerRound * jetstreamShare,
        warmUpRequests: plan.warmUpRequests * jetstreamShare,
      }
      jetstream = await measureLevel(jetstreamConnections, { bare, receiver: shared }, { ...less, makeRequests })
      tell('jetstream', jetstream)
    }
    const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() }
    const on = 'limits, look-up, signature, dedupe, one delivery to claim for each event, metrics, log (warnings)'
    return { ...machine, fsync: true, on, off: 'dispatcher', bodyBytes, ...plan, levels, openLoop, jetstream }
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
  let cpuMs = 0
  for (let round = 0; round < plan.rounds; round++) {
    // Fresh ids for each round: a duplicate would be folded, which is less work.
    const requests = plan.makeRequests(plan.requestsPerRound)
    bare.push(await measureClosedLoop(servers.bare.port, requests, connections))
    const before = await costOf(servers.receiver)
    receiver.push(await measureClosedLoop(servers.receiver.port, requests, connections))
    cpuMs += (await costOf(servers.receiver)).cpuMs - before.cpuMs
  }
  const typical = { bare: mediansOf(bare), receiver: mediansOf(receiver) }
  // Round by round: the two halves of one round saw the same machine.
  const ratios = receiver.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN))
  const cpuMicroseconds = Math.round((cpuMs * 1000) / (plan.rounds * plan.requestsPerRound))
  return { connections, ...typical, ratio: Math.round(median(ratios) * 1000) / 1000, cpuMicroseconds }
}
