interface BenchmarkOptions {
  /** For CI: the same steps with little of everything. */
  smoke: boolean
  /** The largest sizes, where a benchmark has some. */
  full: boolean
  /** One line for people. */
  progress: (text: string) => void
}

/**
 * One benchmark: measures and returns what goes out as its JSON line; with a `failure` in it when it could not measure
 * everything.
 */
export interface Benchmark {
  readonly name: string
  readonly about: string
  run(options: BenchmarkOptions): Promise<Record<string, unknown> & { failure?: string }>
}
