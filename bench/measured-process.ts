import { isMainThread } from 'node:worker_threads'

import { costSoFar } from './process-cost.ts'

const stopWithinMs = 10_000

/**
 * Loaded with `--import` before the program that is measured, whichever that is: answers each message with what the
 * process has cost so far, and ends it with its parent. Threads load it too and have nobody to answer.
 */
if (isMainThread) {
  process.on('message', () => process.send?.(costSoFar()))
  process.once('disconnect', () => {
    process.kill(process.pid, 'SIGTERM')
    // A parent that was killed has taken along what an orderly stop could wait for.
    setTimeout(() => process.exit(1), stopWithinMs).unref()
  })
}
