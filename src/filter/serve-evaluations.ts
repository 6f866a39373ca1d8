import type { MessagePort } from 'node:worker_threads'
import { getHeapStatistics } from 'node:v8'

import type { EvaluateEvent } from './evaluate-event.ts'
import type { FromWorker, ToWorker } from './worker-protocol.ts'

/**
 * Half of what the thread may have. The library remembers types of values that it saw, and the sender of an event
 * chooses these.
 */
const fullBytes = 32 * 1024 * 1024
/** Measuring takes as long as a small evaluation does. */
const jobsBetweenLooks = 8

/** Judges one event after the other. What an event holds is forgotten with its answer. */
export function serveEvaluations(port: MessagePort, evaluate: EvaluateEvent): void {
  const say = (message: FromWorker) => port.postMessage(message)
  let jobs = 0
  port.on('message', (question: ToWorker) => {
    const evaluation = evaluate(question)
    jobs += 1
    const isFull = jobs % jobsBetweenLooks === 0 && getHeapStatistics().used_heap_size > fullBytes
    say({ type: 'answer', ...evaluation, processorMs: processorMs(), isFull })
  })
  say({ type: 'ready', processorMs: processorMs() })
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
