import { parentPort, workerData } from 'node:worker_threads'

import { BatchRunner } from './batch-runner.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './worker-protocol.ts'

/** The thread's own program: `node:sqlite` is synchronous, and one fsync on a slow volume takes 5 to 20 ms. */
function serve(port: NonNullable<typeof parentPort>, settings: WorkerSettings): void {
  const say = (message: FromWorker) => port.postMessage(message)
  let runner: BatchRunner
  try {
    runner = new BatchRunner(settings)
  } catch (error) {
    say({ type: 'refused', problem: error instanceof Error ? error.message : String(error) })
    return port.close()
  }
  port.on('message', (message: ToWorker) => {
    if (message.type === 'batch') {
      say(runner.run(message))
      return runner.afterAnswer()
    }
    runner.close()
    say({ type: 'closed' })
    port.close()
  })
  const { warning, setAside, maxBytes, namespaces } = runner
  say({ type: 'opened', warning, setAside, maxBytes, namespaces, report: runner.report(settings.nowMs) })
}

// The one effect of loading this file, which is a program and not a library. Its settings come from openSqliteInbox and
// nobody else.
if (parentPort !== null) serve(parentPort, workerData as WorkerSettings)
