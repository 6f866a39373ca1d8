export interface BenchmarkOptions {
  /** For CI: the same steps with little of everything. */
  smoke: boolean
  /** The largest sizes, where a benchmark has some. */
  full: boolean
  /** A commit whose receiver is measured in turn with today's; only where `comparesCommits`. */
  compare?: string | undefined
  /** One line for people. */
  progress: (text: string) => void
  /**
   * What is stopped and removed at the end, the last first; also when a signal ends the benchmark before it has
   * measured everything.
   */
  parts: AsyncDisposableStack
}

export interface BenchmarkOutcome {
  /** Goes out as its JSON line. */
  result: Readonly<Record<string, unknown>>
  /** The same for people, whole lines. */
  text: string
  /** Why it could not measure everything. */
  failure?: string | undefined
}

export interface Benchmark {
  readonly name: string
  readonly about: string
  readonly comparesCommits: boolean
  run(options: BenchmarkOptions): Promise<BenchmarkOutcome>
}
