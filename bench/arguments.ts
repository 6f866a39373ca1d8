import { parseArgs } from 'node:util'

import type { Benchmark, BenchmarkOptions } from './benchmark.ts'

export type Chosen =
  | { type: 'run'; benchmark: Benchmark; options: Pick<BenchmarkOptions, 'smoke' | 'full' | 'compare'> }
  | { type: 'help' }
  | { type: 'usage'; problem: string }

/** Reads the command line; what it does not understand is a problem for people, not an exception. */
export function chooseBenchmark(args: readonly string[], benchmarks: readonly Benchmark[]): Chosen {
  const parsed = parse(args)
  if (typeof parsed === 'string') return { type: 'usage', problem: parsed }
  const { smoke, full, compare, help } = parsed.values
  const [name, ...rest] = parsed.positionals
  if (help || name === undefined) return { type: 'help' }
  const benchmark = benchmarks.find((each) => each.name === name)
  if (benchmark === undefined) return { type: 'usage', problem: `no benchmark is called ${name}` }
  if (rest.length > 0) return { type: 'usage', problem: 'one name at a time' }
  if (compare !== undefined && !benchmark.comparesCommits) {
    return { type: 'usage', problem: `${name} cannot --compare commits` }
  }
  // What Git would read as an option.
  if (compare !== undefined && !/^\w/.test(compare)) {
    return { type: 'usage', problem: `--compare takes a commit, not ${JSON.stringify(compare)}` }
  }
  return { type: 'run', benchmark, options: { smoke, full, compare } }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        smoke: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        compare: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
      return error.message
    }
    throw error
  }
}
