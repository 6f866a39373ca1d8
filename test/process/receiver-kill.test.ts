import { join } from 'node:path'
import { describe, test } from 'node:test'

import { bundledProgram } from '../support/processes/bundled-program.ts'
import { mulberry32 } from '../support/builders/seeded-random.ts'
import { killReceiversUnderLoad } from './kill-receivers-under-load.ts'

/** Of both tests together; each stands for one random moment. */
const kills = Number(process.env['KILLS'] ?? 200)
const seed = Number(process.env['GWH_KILL_SEED'] ?? Date.now() % 1_000_000)

const promise = `every delivery answered 204 reaches the sink under its own id, across ${kills} SIGKILLs of the receiver under load`
const sinks = [
  { title: 'with a sink that takes everything', failingShare: 0 },
  { title: 'with a sink that fails half of the time', failingShare: 0.5 },
]

// Side by side: a start keeps one core busy, and is most of the time.
describe(promise, { concurrency: sinks.length }, () => {
  const program = bundledProgram()

  for (const [at, { title, failingShare }] of sinks.entries()) {
    test(title, { timeout: 400_000 }, async (t) => {
      t.diagnostic(`GWH_KILL_SEED=${seed}`)
      const installation = {
        program,
        receivers: 1,
        random: mulberry32(seed + at),
        inboxFlags: ({ folder }: { folder: string }) => [`--data-dir=${join(folder, 'data')}`],
        failingShare,
        logName: 'receiver-kill',
      }
      await killReceiversUnderLoad(t, installation, Math.ceil(kills / sinks.length))
    })
  }
})
