import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'

import { createEventEvaluator } from './evaluate-event.ts'
import { serveEvaluations } from './serve-evaluations.ts'
import type { WorkerSettings } from './worker-protocol.ts'

/** As `nice` counts: where processors are short, the threads that answer requests get about nine tenths of them. */
const niceness = 10

/**
 * Linux alone knows priorities of threads: elsewhere 0 would mean the whole process. A system that refuses it goes
 * without.
 */
function stepBack(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, niceness)
  } catch {
    // Sandboxed kernels refuse it; the order of the evaluations is kept by others.
  }
}

// The one effect of loading this file, which is a program and not a library.
if (parentPort !== null) {
  stepBack()
  const { aliases } = (workerData ?? {}) as WorkerSettings
  serveEvaluations(parentPort, createEventEvaluator(aliases))
}
