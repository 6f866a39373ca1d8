import { parentPort } from 'node:worker_threads'

import { createEventEvaluator } from '../../../src/filter/evaluate-event.ts'
import { serveEvaluations } from '../../../src/filter/serve-evaluations.ts'

/**
 * The thread of the filters as it would be if the check let everything through: by their types, filters do what none
 * should be able to.
 */
const odd: Readonly<Record<string, () => void>> = {
  endless: () => {
    for (;;);
  },
  asleep: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  },
  deadly: () => process.exit(1),
}

/** `curious`: wants an event where the thread can see the environment or the arguments of the process. */
function seesTheProcess(): boolean {
  return Object.keys(process.env).length > 0 || process.argv.length > 2
}

if (parentPort !== null) {
  const evaluate = createEventEvaluator()
  serveEvaluations(parentPort, (question) => {
    const [kind = ''] = question.filter.typesExact
    odd[kind]?.()
    if (kind === 'curious') return { verdict: seesTheProcess() ? 'wanted' : 'unwanted' }
    return evaluate(question)
  })
}
