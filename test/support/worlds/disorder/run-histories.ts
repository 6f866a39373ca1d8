import type { TestContext } from 'node:test'

import { happenings } from './happenings.ts'
import { mostPasses, runHistory } from './run-history.ts'

/** So many histories, each with the next seed. `GWH_SEED` repeats a draw, `GWH_RUNS` sizes it. */
export async function runHistories(t: TestContext, usually: number): Promise<void> {
  const seed = Number(process.env['GWH_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  const runs = Number(process.env['GWH_RUNS'] ?? usually)
  t.diagnostic(`GWH_SEED=${seed} GWH_RUNS=${runs}: histories of ${happenings.length} kinds of happenings`)
  const passes: number[] = []
  await Promise.all(
    Array.from({ length: runs }, (_, index) =>
      t.test(`history ${seed + index}`, { timeout: 300_000 }, async () => {
        const history = await runHistory(seed + index).catch((error: unknown) => {
          const why = error instanceof Error ? error.message : String(error)
          throw new Error(`GWH_SEED=${seed + index} GWH_RUNS=1: ${why}`, { cause: error })
        })
        passes.push(history.passes)
      }),
    ),
  )
  t.diagnostic(`rest within ${Math.max(...passes)} passes, of at most ${mostPasses}`)
}
