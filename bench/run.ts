import { constants } from 'node:os'

import { chooseBenchmark } from './arguments.ts'
import type { Benchmark } from './benchmark.ts'
import { controllerBenchmark } from './controller/benchmark.ts'
import { deliveryBenchmark } from './delivery/benchmark.ts'
import { receiverBenchmark } from './receiver/benchmark.ts'
import { routesBenchmark } from './routes/benchmark.ts'
import { soakBenchmark } from './soak/benchmark.ts'

const benchmarks: readonly Benchmark[] = [
  receiverBenchmark,
  deliveryBenchmark,
  routesBenchmark,
  soakBenchmark,
  controllerBenchmark,
]

const help = `usage: npm run bench -- NAME [--smoke | --full] [--compare COMMIT]

${benchmarks.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

Tables go to standard error, with progress before them when it is a terminal; one line of JSON goes to standard output
when that is none.
--smoke runs every step with little of everything: its figures say that the benchmark works, nothing else.
--full measures the largest sizes too (controller), or one minute at each of two rates (delivery).
--compare measures the receiver of that commit in turn with today's (${benchmarks
  .filter(({ comparesCommits }) => comparesCommits)
  .map(({ name }) => name)
  .join(', ')}): ratios of one run.
`

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`)
}

const parts = new AsyncDisposableStack()

/**
 * A signal ends the measurement, and what was started and written for it goes. Others that follow change nothing: a
 * terminal that is closed sends two.
 */
let isEnding = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (isEnding) return
    isEnding = true
    void parts.disposeAsync().finally(() => process.exit(128 + constants.signals[signal]))
  })
}

/** Exit codes: 0 measured, 1 a measurement failed, 2 wrong usage. */
async function main(): Promise<number> {
  const chosen = chooseBenchmark(process.argv.slice(2), benchmarks)
  if (chosen.type === 'help') {
    process.stdout.write(help)
    return 0
  }
  if (chosen.type === 'usage') {
    process.stderr.write(`${chosen.problem}\n\n${help}`)
    return 2
  }
  const { benchmark, options } = chosen
  const { result, text, failure } = await benchmark.run({ ...options, progress, parts })
  process.stderr.write(text)
  if (!process.stdout.isTTY) {
    const line = { benchmark: benchmark.name, ...options, ...result, ...(failure !== undefined && { failure }) }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
  if (failure === undefined) return 0
  process.stderr.write(`${failure}\n`)
  return 1
}

try {
  process.exitCode = await main()
} catch (error) {
  // A signal takes its parts away from under a measurement; what that says of it is no news.
  if (!isEnding) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
} finally {
  await parts.disposeAsync()
}
