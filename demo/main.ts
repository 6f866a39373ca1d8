/**
 * `npm run demo`: the main job on embedded parts, told as it happens. Exit code 0 when everything was seen as promised,
 * 1 when not. `npm run demo -- --keep` leaves it running and prints how to reach it with the stock kubectl.
 */
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'

import packageJson from '../package.json' with { type: 'json' }
import { systemClock } from '../src/clock.ts'
import { createLogger } from '../src/observability/logger.ts'
import { createMetrics } from '../src/observability/metrics.ts'
import { startSandbox, type Sandbox } from '../src/roles/sandbox/start.ts'
import { breakWorker, finishBatch, refuse, register, remove, repairSecret, rotate } from './chapters.ts'
import { createNarrator } from './narrator.ts'

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
const print = (text: string) => void process.stdout.write(text)
const chapters = [register, finishBatch, refuse, repairSecret, rotate, breakWorker, remove]

function summarize({ simulator, worker }: Sandbox, seconds: number): void {
  const { counts } = simulator.admin.calls()
  const calls = Object.entries(counts).filter(([, { received }]) => received > 0)
  const told = calls.map(([verb, { received }]) => `${received} ${verb}`).join(', ')
  print(`\nSeen: ${chapters.length} of ${chapters.length} chapters in ${seconds.toFixed(1)} s. `)
  print(`Calls to the service: ${told}. Events at the worker: ${worker.events.length}.\n`)
}

function tellHowToGoOn({ kubeconfigPath, simulator, receiver, worker }: Sandbox): void {
  print('\nStill running. In another terminal:\n')
  print(`  export KUBECONFIG=${kubeconfigPath}\n`)
  print('  kubectl apply -f deploy/samples/worker-and-events.yaml\n')
  print('  kubectl wait --for=condition=Ready gwh/batch-events && kubectl describe gwh batch-events\n')
  print('  kubectl delete -f deploy/samples/worker-and-events.yaml\n\n')
  print(`  simulated WebhookService ${simulator.url}, receiver ${receiver.url}, worker ${worker.url}\n`)
  print('Ctrl-C ends it.\n')
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

print('gemini-webhook-operator: the whole operator in one process, with an embedded Kubernetes API and a simulated\n')
print('WebhookService around it. Every line with a time is something that was just seen.\n')
const startedMs = systemClock.monotonic()
const sandbox = await startSandbox(
  {
    host: '127.0.0.1',
    kubernetesPort: 0,
    webhookServicePort: 0,
    receiverPort: 0,
    workerPort: 0,
    dataDir: undefined,
    keep: false,
    speed: 20,
  },
  {
    clock: systemClock,
    random: Math.random,
    logger: createLogger({ level: 'error', name: 'demo', fd: 2 }),
    metrics: createMetrics(),
    version: packageJson.version,
    hostname: hostname(),
  },
)
try {
  const stage = { sandbox, narrator: createNarrator(systemClock, print) }
  for (const chapter of chapters) await chapter(stage)
  summarize(sandbox, (systemClock.monotonic() - startedMs) / 1000)
  if (values.keep) {
    tellHowToGoOn(sandbox)
    await interrupted()
  }
} catch (error) {
  process.stderr.write(`\ndemo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await sandbox.stop()
}
