/** The rooms whose every decision a test must hold: what is mutated, and the tests that have to notice. */
export interface Room {
  /** Globs of source files. */
  readonly sources: readonly string[]
  /** Globs of test files: the fast ones, which judge without a loop, a socket or a disk. */
  readonly tests: readonly string[]
}

export const pureRooms: Readonly<Record<string, Room>> = {
  plan: { sources: ['src/controller/plan/*.ts'], tests: ['test/unit/controller/{plan,rotation}/*.test.ts'] },
  judge: {
    sources: [
      ...['judge-conditions', 'summarize*', 'tell-deliveries'].map((file) => `src/controller/status/${file}.ts`),
      'src/controller/plan/at-rest.ts',
      'src/controller/reports/sink-status.ts',
    ],
    tests: [
      'test/unit/controller/status/*.test.ts',
      'test/unit/controller/plan/at-rest.test.ts',
      'test/unit/controller/reports/sink-status.test.ts',
    ],
  },
  verify: { sources: ['src/signature/*.ts'], tests: ['test/unit/signature/*.test.ts'] },
  'next-step': {
    sources: ['next-step', 'backoff', 'circuit', 'ramp', 'lane'].map((file) => `src/dispatcher/${file}.ts`),
    tests: ['test/unit/dispatcher/*.test.ts'],
  },
  filter: {
    // Not what starts threads, runs in one or names its metrics: the component tests hold these, with real threads.
    sources: [
      'src/filter/*.ts',
      '!src/filter/{filter-metrics,judge-filter,limited-worker,serve-evaluations,worker}.ts',
    ],
    tests: ['test/unit/filter/*.test.ts'],
  },
  fairness: {
    sources: ['src/fairness/*.ts', 'src/connections/give-way.ts'],
    tests: ['test/unit/fairness/*.test.ts', 'test/unit/connections/give-way.test.ts'],
  },
  'address-guard': { sources: ['src/sinks/address-guard.ts'], tests: ['test/unit/sinks/address-guard.test.ts'] },
}

/**
 * The room of that name, or the one that a path below `src/` or `playground/` makes: its files, judged by the unit
 * tests of the folder that mirrors it.
 */
export function roomOf(argument: string): Room | { problem: string } {
  const room = pureRooms[argument]
  if (room !== undefined) return room
  if (!/^(src|playground)\//.test(argument)) {
    const known = Object.keys(pureRooms).join(', ')
    return { problem: `${argument} is neither one of ${known} nor a path below src/ or playground/` }
  }
  const folder = argument.endsWith('.ts') ? argument.slice(0, argument.lastIndexOf('/')) : argument.replace(/\/$/, '')
  return {
    sources: [argument.endsWith('.ts') ? argument : `${folder}/*.ts`],
    tests: [`${folder.replace(/^src/, 'test/unit').replace(/^playground/, 'test/playground/unit')}/*.test.ts`],
  }
}
