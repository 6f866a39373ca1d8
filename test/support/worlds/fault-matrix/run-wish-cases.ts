import type { TestContext } from 'node:test'

import { mulberry32 } from '../../builders/seeded-random.ts'
import { drawSome } from './combinations.ts'
import { allWishCases, runWishCase } from './wishes.ts'

/** Found by hand once, and played each time. */
const always = new Set(['rotation | disabled by Google | rotateWhileDisabled=refused | wish first'])

/** `GWH_SEED` repeats a draw, `GWH_RUNS` sizes it, `GWH_CASE` runs those alone whose name holds it. */
export async function runWishCases(t: TestContext, usually: number): Promise<void> {
  const seed = Number(process.env['GWH_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  const runs = Number(process.env['GWH_RUNS'] ?? usually)
  const wanted = process.env['GWH_CASE']
  const all = allWishCases()
  const known = all.filter(({ name }) => always.has(name))
  const others = all.filter(({ name }) => !always.has(name))
  const drawn =
    wanted === undefined
      ? [...known, ...drawSome(others, runs, mulberry32(seed))]
      : all.filter(({ name }) => name.includes(wanted))
  t.diagnostic(`GWH_SEED=${seed} GWH_RUNS=${runs}: ${drawn.length} of ${all.length} cases`)
  await Promise.all(
    drawn.map((wishCase) =>
      t.test(wishCase.name, { timeout: 300_000 }, async () => {
        await runWishCase(wishCase).catch((error: unknown) => {
          const why = error instanceof Error ? error.message : String(error)
          throw new Error(`GWH_CASE=${JSON.stringify(wishCase.name)}: ${why}`, { cause: error })
        })
      }),
    ),
  )
}
