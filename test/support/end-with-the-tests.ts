import { AsyncResource } from 'node:async_hooks'
import { after } from 'node:test'

/**
 * Ends the process of a test file once its tests and hooks have ended, though something that a test left open would
 * keep it alive. `--test-force-exit` does so as well, and loses what has not been written by then: on a busy machine
 * the names and the count of hundreds of tests.
 */
const graceMs = 1_000
const pollMs = 20

// Only in the process of a file, not in the runner's.
if (process.env['NODE_TEST_CONTEXT'] === 'child-v8') {
  // Hooks run in the order in which they were registered: this one comes after those of the file.
  const registerLast = AsyncResource.bind(() => after(endSoon))
  after(() => registerLast())
}

/** Where nothing was left open the process ends by itself before. */
function endSoon(): void {
  setTimeout(endOnceWritten, graceMs).unref()
}

function endOnceWritten(): void {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit()
  setTimeout(endOnceWritten, pollMs)
}
