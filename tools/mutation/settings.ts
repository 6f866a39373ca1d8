import { join } from 'node:path'

import { strykerPlugins } from './ignore-unreachable.ts'
import type { Room } from './rooms.ts'

/** Where the tool's own packages are installed, apart from the project's. */
export const mutationFolder = 'tools/mutation'

/**
 * Stryker's settings for one room. Left out are mutants of texts: a reason or an action that is no member of its union
 * is a compile error, and the words of messages are held where they are shown. What no test can tell apart is excused
 * in place: `// Stryker disable next-line NAME: why`.
 */
export function strykerSettings(
  { sources, tests }: Room,
  { root, concurrency, reportFile }: { root: string; concurrency: number; reportFile: string },
) {
  return {
    testRunner: 'tap',
    plugins: [
      join(root, mutationFolder, 'node_modules/@stryker-mutator/tap-runner/dist/src/index.js'),
      join(root, mutationFolder, 'ignore-unreachable.ts'),
    ],
    ignorers: strykerPlugins.map(({ name }) => name),
    tap: {
      testFiles: [...tests],
      nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'],
      forceBail: true,
    },
    mutate: [...sources],
    mutator: { excludedMutations: ['StringLiteral'] },
    coverageAnalysis: 'perTest',
    concurrency,
    // Its preparation of a tsconfig asks TypeScript for an interface that version 7 does not have; a test needs none.
    tsconfigFile: 'none',
    disableTypeChecks: false,
    ignorePatterns: ['/.cache', '/charts', '/crds', '/deploy', '/dist', '/docs', '/tools/mutation/node_modules'],
    tempDirName: '.cache/mutation',
    allowEmpty: false,
    reporters: ['json', 'clear-text', ...(process.stderr.isTTY ? ['progress'] : [])],
    jsonReporter: { fileName: reportFile },
    clearTextReporter: { allowColor: process.stdout.isTTY, logTests: false, reportTests: false, reportMutants: false },
  }
}
