/**
 * `npm run demo`: the main job on embedded parts, told as it happens. Exit code 0 when everything was seen as promised,
 * 1 when not. `npm run demo -- --keep` leaves it running and prints what to type in another terminal.
 */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import packageJson from '../package.json' with { type: 'json' }
import { systemClock } from '../src/clock.ts'
import { createLogger } from '../src/observability/logger.ts'
import { createMetrics } from '../src/observability/metrics.ts'
import { commandsToTry } from '../src/roles/sandbox/commands-to-try.ts'
import { startPage } from '../src/roles/sandbox/start-page.ts'
import { startSandbox, type Sandbox } from '../src/roles/sandbox/start.ts'
import { startChatWebhook } from '../playground/chat-webhook.ts'
import {
  applySample,
  breakWorker,
  finishBatch,
  refuse,
  register,
  remove,
  repairSecret,
  rotate,
  writeToChat,
} from './chapters.ts'
import { createNarrator } from './narrator.ts'
import { sample } from './stage.ts'

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
const print = (text: string) => void process.stdout.write(text)
const chapters = [register, finishBatch, writeToChat, refuse, repairSecret, rotate, breakWorker, remove]

function summarize({ simulator, worker }: Sandbox, seconds: number): void {
  const { counts } = simulator.admin.calls()
  const calls = Object.entries(counts).filter(([, { received }]) => received > 0)
  const told = calls.map(([verb, { received }]) => `${received} ${verb}`).join(', ')
  print(`\nSeen: ${chapters.length} of ${chapters.length} chapters in ${seconds.toFixed(1)} s. `)
  print(`Calls to the service: ${told}. Events at the worker: ${worker.events.length}.\n`)
}

function tellHowToGoOn({ shellPath, simulator, receiver, worker }: Sandbox, pageUrl: string): void {
  print(`\nStill running, with ${sample} applied once more. To see it, and to play with what surrounds it, open:\n\n`)
  print(`  ${pageUrl}\n\n`)
  print('Or in another terminal:\n\n')
  print(`  . ${shellPath}\n`)
  print('  kubectl describe gwh batch-events\n')
  for (const line of commandsToTry) print(`  ${line}\n`)
  print(`  kubectl delete -f ${sample}\n\n`)
  print(`  simulated WebhookService ${simulator.url}, endpoint ${receiver.publicUrl}, worker ${worker.url}\n`)
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
const deps = {
  clock: systemClock,
  random: Math.random,
  logger: createLogger({ level: 'error', name: 'demo', fd: 2 }),
  metrics: createMetrics(),
  version: packageJson.version,
  hostname: hostname(),
}
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
    program: [process.execPath, fileURLToPath(new URL('../src/main.ts', import.meta.url))],
  },
  deps,
)
const chat = await startChatWebhook({
  host: '127.0.0.1',
  port: 0,
  path: `/services/T0/B0/${randomBytes(12).toString('hex')}`,
})
try {
  const stage = { sandbox, chat, narrator: createNarrator(systemClock, print) }
  for (const chapter of chapters) await chapter(stage)
  summarize(sandbox, (systemClock.monotonic() - startedMs) / 1000)
  if (values.keep) {
    await applySample(stage)
    const page = await startPage(sandbox, deps, 0)
    tellHowToGoOn(sandbox, page.url)
    await interrupted()
    await page.close()
  }
} catch (error) {
  process.stderr.write(`\ndemo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await sandbox.stop()
  await chat.close()
}
