import { parseArgs } from 'node:util'

import type { Benchmark } from './benchmark.ts'
import { controllerBenchmark } from './controller/benchmark.ts'
import { deliveryBenchmark } from './delivery/benchmark.ts'
import { receiverBenchmark } from './receiver/benchmark.ts'
import { soakBenchmark } from './soak/benchmark.ts'

const benchmarks: readonly Benchmark[] = [receiverBenchmark, deliveryBenchmark, soakBenchmark, controllerBenchmark]

const help = `usage: npm run bench -- NAME [--smoke | --full]

${benchmarks.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

Prints one line of JSON on standard output; progress goes to standard error when it is a terminal.
--smoke runs every step with little of everything: its figures say that the benchmark works, nothing else.
--full measures the largest sizes too.
`

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`)
}

/** Exit codes: 0 measured, 1 a measurement failed, 2 wrong usage. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      smoke: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [name, ...rest] = positionals
  if (values.help || name === undefined) {
    process.stdout.write(help)
    return 0
  }
  const benchmark = benchmarks.find((each) => each.name === name)
  if (benchmark === undefined || rest.length > 0) {
    process.stderr.write(
      `${benchmark === undefined ? `no benchmark is called ${name}` : 'one name at a time'}\n\n${help}`,
    )
    return 2
  }
  const { smoke, full } = values
  const result = await benchmark.run({ smoke, full, progress })
  process.stdout.write(`${JSON.stringify({ benchmark: name, smoke, full, ...result })}\n`)
  if (result.failure === undefined) return 0
  process.stderr.write(`${result.failure}\n`)
  return 1
}

try {
  process.exitCode = await main()
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  process.stderr.write(
    isUsage ? `${error.message}\n\n${help}` : `${error instanceof Error ? error.stack : String(error)}\n`,
  )
  process.exitCode = isUsage ? 2 : 1
}
