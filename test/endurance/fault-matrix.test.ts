import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allCombinations, drawSome } from '../support/worlds/fault-matrix/combinations.ts'
import { operations } from '../support/worlds/fault-matrix/operations.ts'
import { calmTimes, runCombination } from '../support/worlds/fault-matrix/run-combination.ts'
import { countSwitches, defaultSetting } from '../support/worlds/fault-matrix/switch-settings.ts'
import { mulberry32 } from '../support/builders/seeded-random.ts'

/** `GWH_SEED` repeats a draw, `GWH_RUNS` sizes it, `GWH_COMBINATION` runs those alone whose name holds it. */
const seed = Number(process.env['GWH_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const runs = Number(process.env['GWH_RUNS'] ?? 240)
const wanted = process.env['GWH_COMBINATION']
/** Worlds at a time. A run is mostly waiting: for settle times, resyncs and timeouts. */
const worlds = 12

const all = allCombinations()

test('what an undisturbed operation writes and calls is what the matrix breaks', { concurrency: worlds }, async (t) => {
  await Promise.all(
    operations.map((operation) =>
      t.test(operation.name, async () => {
        const fault = { type: 'none', name: 'no fault' } as const
        const combination = { name: operation.name, operation, fault, setting: defaultSetting }
        const { writes } = await runCombination(combination, calmTimes)
        assert.deepEqual(writes, operation.writes)
      }),
    ),
  )
})

test(
  'any fault at any step, under any setting of the service, ends as it should',
  { concurrency: worlds },
  async (t) => {
    const drawn =
      wanted === undefined ? drawSome(all, runs, mulberry32(seed)) : all.filter(({ name }) => name.includes(wanted))
    const switches = countSwitches()
    t.diagnostic(
      `${all.length} combinations of ${operations.length} operations, with ${switches.touching} of ${switches.all} switches`,
    )
    t.diagnostic(`GWH_SEED=${seed} GWH_RUNS=${runs}: ${drawn.length} runs`)
    const startMs = performance.now()
    const missed: string[] = []
    await Promise.all(
      drawn.map((combination) =>
        t.test(combination.name, { timeout: 480_000 }, async () => {
          const { struck } = await runCombination(combination).catch((error: unknown) => {
            const again = `GWH_COMBINATION=${JSON.stringify(combination.name)}; drawn with GWH_SEED=${seed}`
            throw new Error(
              `${combination.name}: ${error instanceof Error ? error.message : String(error)}\n${again}`,
              { cause: error },
            )
          })
          if (!struck) missed.push(combination.name)
        }),
      ),
    )
    t.diagnostic(
      `${Math.round((performance.now() - startMs) / 1000)} s; ${missed.length} faults met no call: ${missed.join(', ')}`,
    )
  },
)
