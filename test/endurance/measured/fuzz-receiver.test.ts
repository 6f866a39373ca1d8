import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { request } from 'undici'

import { bundledProgram } from '../../support/processes/bundled-program.ts'
import { eventually } from '../../support/measures/eventually.ts'
import type { GwhProcess } from '../../support/processes/gwh-process.ts'
import { leastBytes, sampleHeldBytes } from '../../support/measures/held-memory.ts'
import { receiverFiles, startReceiverProcess, type ReceiverFiles } from '../../support/processes/receiver-process.ts'
import { sampleResidentBytes, typicalBytes } from '../../support/measures/resident-size.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { Chance } from './fuzz/chance.ts'
import type { FuzzCase, FuzzWorld } from './fuzz/case.ts'
import { closingMutations } from './fuzz/closing-mutations.ts'
import { bodyMarker, genuine, serialise } from './fuzz/draft.ts'
import { FuzzJudge } from './fuzz/fuzz-judge.ts'
import { FuzzSource } from './fuzz/fuzz-source.ts'
import { keptMutations } from './fuzz/kept-mutations.ts'
import { runClosingLane, runKeepAliveLane, runLeavingLane, runSlowLane, stall, type LaneDeps } from './fuzz/lanes.ts'
import { VerifyingSink } from './fuzz/verifying-sink.ts'

const requests = Number(process.env['GWH_FUZZ_REQUESTS'] ?? 1_000_000)
const seed = Number(process.env['GWH_FUZZ_SEED'] ?? Date.now() % 1_000_000)

/** Shares of all requests, each with as many connections at the same time. */
const plan = {
  proxied: { share: 0.78, lanes: 24 },
  strangers: { share: 0.02, lanes: 4 },
  closing: { share: 0.18, lanes: 64 },
  leaving: { share: 0.015, lanes: 4 },
  slow: { share: 0.005, lanes: 32 },
}
/**
 * Where the proxy of the installation sends from: its connections are kept after a refusal. A stranger's are not, and
 * sixteen are sent again for each.
 */
const proxyAddress = '127.0.0.2'
const stalled = 64
/** Headers within 5 s, all of it within 10 s, looked at every second, and some for a busy machine. */
const stallEndsMs = 20_000
/**
 * From the second quarter to the last, right after a garbage collection. 50 bytes that each of half a million requests
 * left behind would be above it.
 */
const maxHeldGrowthBytes = 24 * 1024 * 1024
/** From the second quarter to the last, whatever holds it: what V8 and the C library keep in reserve still settles. */
const maxResidentGrowthBytes = 48 * 1024 * 1024
/** Before so many the heap and the caches still find their size: too early to judge. */
const warmRequests = 75_000

const program = bundledProgram()

test(
  `${requests} mutated requests over real sockets: no crash, no false accept, no growth, and every answer is one of the table`,
  { timeout: 900_000 },
  async (t) => {
    t.diagnostic(`GWH_FUZZ_SEED=${seed}`)
    const sink = new VerifyingSink()
    t.after(() => sink.close())
    const files = await receiverFiles(t, await sink.listen(), 'Original')
    sink.trust(files.secret)
    const receiver = startReceiverProcess({
      files,
      podName: 'receiver-0',
      flags: [`--data-dir=${join(files.folder, 'data')}`, `--trusted-proxies=${proxyAddress}/32`],
      program,
      logName: 'receiver-fuzz',
    })
    t.after(() => receiver.kill())
    const { port, healthPort } = await receiver.logged('receiver.started')
    const judge = new FuzzJudge()
    const memory = sampleResidentBytes(receiver.pid, 250)
    const holding = sampleHeldBytes(Number(healthPort), 250)
    const startedMs = performance.now()

    const stalls = await fuzz(Number(port), files, judge)

    const seconds = (performance.now() - startedMs) / 1000
    const samples = quartersOf(memory.stop())
    const held = quartersOf(await holding.stop())
    await eventually('the sink has what was accepted', () => [...judge.accepted].every((id) => sink.verified.has(id)), {
      timeoutMs: 60_000,
    })
    tell(t, judge, { seconds, stalls, samples, held })
    t.diagnostic(`${judge.accepted.size} accepted, ${sink.verified.size} verified at the sink`)
    assert.deepEqual(judge.problems, [])
    assert.deepEqual(sink.forged, [], 'a false accept')
    assert.ok(judge.answered + judge.unanswered >= requests, 'all of them were sent')
    assert.ok(judge.answered > 0.85 * requests, 'nearly all of them were answered')
    assert.deepEqual(
      stalls.filter((status) => status !== 408),
      [],
      'who stalls is told so, or just cut off',
    )
    const isWarm = requests / 4 >= warmRequests
    if (isWarm) {
      assert.ok(leastBytes(held[3]) - leastBytes(held[1]) < maxHeldGrowthBytes, 'what it holds grows')
      assert.ok(typicalBytes(samples[3]) - typicalBytes(samples[1]) < maxResidentGrowthBytes, 'memory grows')
    }
    await expectOrderly(receiver, Number(healthPort))
  },
)

type Quarters = [number[], number[], number[], number[]]

function quartersOf(samples: readonly number[]): Quarters {
  const quarter = (at: number) => samples.slice((samples.length * at) / 4, (samples.length * (at + 1)) / 4)
  return [quarter(0), quarter(1), quarter(2), quarter(3)]
}

const mebibytes = (bytes: number) => Math.round(bytes / 1024 / 1024)

const listed = (counts: ReadonlyMap<number | string, number>) =>
  [...counts]
    .toSorted(([a], [b]) => String(a).localeCompare(String(b)))
    .map(([what, count]) => `${what}: ${count}`)
    .join(', ')

/** All lanes side by side; resolves with what the stalled connections were answered. */
async function fuzz(port: number, files: ReceiverFiles, judge: FuzzJudge): Promise<number[]> {
  const key = createSecretKey(Buffer.from(files.secret.slice('whsec_'.length), 'base64'))
  let ids = 0
  const world = (chance: Chance): FuzzWorld => ({
    chance,
    key,
    target: files.path,
    nowMs: Date.now,
    nextId: () => `msg_${(ids += 1)}`,
    accepted: () => judge.recentlyAccepted(chance.below(1_000)),
  })
  const lanes = (
    { share, lanes: count }: { share: number; lanes: number },
    mutations: ConstructorParameters<typeof FuzzSource>[1],
    run: (deps: LaneDeps, chance: Chance) => Promise<void>,
  ) => {
    let left = Math.ceil(requests * share)
    return Array.from({ length: count }, (_, lane) => {
      const chance = new Chance(mulberry32(seed + 1_000 * lane + Math.round(share * 100_000)))
      const source = new FuzzSource(world(chance), mutations)
      const next = (): FuzzCase | undefined => ((left -= 1) < 0 ? undefined : source.next())
      return run({ port, judge, next }, chance)
    })
  }
  const all = [...keptMutations, ...closingMutations]
  const stalls = stallEverywhere(port, world(new Chance(mulberry32(seed))))
  await Promise.all([
    ...lanes(plan.proxied, keptMutations, (deps) => runKeepAliveLane({ ...deps, from: proxyAddress })),
    ...lanes(plan.strangers, keptMutations, runKeepAliveLane),
    ...lanes(plan.closing, closingMutations, runClosingLane),
    ...lanes(plan.leaving, all, runLeavingLane),
    ...lanes(plan.slow, all, runSlowLane),
  ])
  return stalls
}

/** Connections that say a part of a delivery and then nothing, for as long as they are let. */
async function stallEverywhere(port: number, { chance, key, target, nextId }: FuzzWorld): Promise<number[]> {
  const answers = Array.from({ length: stalled }, () => {
    const bytes = serialise(genuine(key, { id: nextId(), target, note: '', nowMs: Date.now() }))
    return stall(port, bytes.subarray(0, chance.between(1, bytes.length - 1)))
  })
  const { promise: tooLong, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`a stalled request was still there after ${stallEndsMs} ms`)),
    stallEndsMs,
  )
  const statuses = await Promise.race([Promise.all(answers), tooLong])
  clearTimeout(timer)
  return statuses.flat()
}

function tell(
  t: TestContext,
  judge: FuzzJudge,
  run: { seconds: number; stalls: readonly number[]; samples: Quarters; held: Quarters },
): void {
  t.diagnostic(
    `${judge.answered} answered (${listed(judge.statuses)}), ${judge.unanswered} ended without an answer, in ${run.seconds.toFixed(1)} s`,
  )
  t.diagnostic(`${stalled} stalled: ${run.stalls.length} answered 408, the others cut off`)
  t.diagnostic(
    `resident MiB, typical of each quarter: ${run.samples.map((quarter) => mebibytes(typicalBytes(quarter))).join(', ')}`,
  )
  t.diagnostic(
    `held MiB, the least of each quarter: ${run.held.map((quarter) => mebibytes(leastBytes(quarter))).join(', ')}`,
  )
  for (const [name, outcomes] of judge.byMutation) t.diagnostic(`${name} - ${listed(outcomes)}`)
}

/** Still there, without a fault of its own; and neither log nor metrics have taken over a stranger's words. */
async function expectOrderly(receiver: GwhProcess, healthPort: number): Promise<void> {
  assert.ok(receiver.running, receiver.describe())
  const metrics = await (await request(`http://127.0.0.1:${healthPort}/metrics`)).body.text()
  const written = `${receiver.lines.map((line) => JSON.stringify(line)).join('\n')}\n${metrics}`
  assert.equal(await receiver.terminate(), 0, receiver.describe())
  assert.doesNotMatch(metrics, /gwh_receiver_requests_total\{outcome="InternalError"\} [1-9]/)
  assert.deepEqual(
    receiver.lines.filter(({ severity, message }) => severity === 'ERROR' || message === 'role.fault'),
    [],
  )
  assert.ok(!written.includes(bodyMarker), 'a body was logged')
}
