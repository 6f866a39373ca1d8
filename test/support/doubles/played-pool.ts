import { EvaluationPool, type PoolWorker, type WorkerEnd } from '../../../src/filter/evaluation-pool.ts'
import type { RunEnd } from '../../../src/filter/limited-worker.ts'
import { FakeClock, settle } from './fake-clock.ts'

const nobody = new AbortController().signal
/** A question that names itself. */
export const question = (name: string) => ({
  filter: { typesExact: [name], typesPrefix: [] },
  expressions: [],
  event: { body: new Uint8Array(0), mode: 'static' as const, sentAtSeconds: 0 },
  nowMs: 0,
})

interface PoolOptions {
  size?: number
  /** Whether the next thread starts. */
  starts?: () => boolean
  weightOf?: (namespace: string) => number
}

/** A pool whose threads are played by the test: `answer` ends the oldest job that is under way. */
export function aPool({ size = 1, starts = () => true, weightOf = () => 1 }: PoolOptions = {}) {
  const clock = new FakeClock()
  const running: { answer: (end: RunEnd, isFull: boolean) => void }[] = []
  const given: Parameters<PoolWorker['run']>[] = []
  const ends: WorkerEnd[] = []
  const waitedMs: number[] = []
  const count = { started: 0, ended: 0 }
  const pool = new EvaluationPool({
    clock,
    size,
    maxWaitMs: 5_000,
    weightOf,
    onTurn: (ms) => waitedMs.push(ms),
    onWorkerEnd: (why) => ends.push(why),
    startWorker: () => {
      count.started += 1
      const worker = {
        ready: Promise.resolve(starts()),
        isUsable: true,
        run: (...told: Parameters<PoolWorker['run']>) =>
          new Promise<RunEnd>((resolve) => {
            given.push(told)
            running.push({
              answer: (end, isFull) => {
                worker.isUsable = end.type === 'answered' && !isFull
                resolve(end)
              },
            })
          }),
        end: async () => {
          count.ended += 1
        },
      }
      return worker
    },
  })
  const ask = (namespace: string, name = namespace, signal = nobody) =>
    pool.run([namespace, 'uid', 'sink'], question(name), signal)
  const answer = async (end: RunEnd, isFull = false) => {
    running.shift()?.answer(end, isFull)
    await settle()
  }
  /** Whose turn it was, one after the other. */
  const order = () => given.map(([{ filter }]) => filter.typesExact[0] ?? '')
  return { clock, pool, ask, answer, order, given, running, ends, waitedMs, count }
}
