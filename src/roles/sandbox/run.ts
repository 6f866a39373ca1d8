import type { SandboxConfig } from '../../config/sandbox-config.ts'
import { hostInUrl } from '../../listen-on.ts'
import type { ReceivedEvent } from '../../../playground/sample-worker.ts'
import type { ProcessDeps, RoleDeps } from '../process-deps.ts'
import { runRole } from '../run-role.ts'
import type { RunningRole } from '../run-until-stopped.ts'
import { chosenSwitches } from './chosen-switches.ts'
import { commandsToTry } from './commands-to-try.ts'
import type { Sandbox } from './start.ts'
import { sandboxApiKey, startSimulator } from './start-simulator.ts'

const stopWithinMs = 20_000
/** The simulator does not end by itself. */
const never = new Promise<string>(() => {})

/**
 * `gwh sandbox`: prints where everything is, then what the worker gets, until it is interrupted. Logs go to standard
 * error.
 */
export function runSandbox(
  config: SandboxConfig,
  described: Readonly<Record<string, string>>,
  context: ProcessDeps,
): Promise<number> {
  const parts = { everything: startEverything, 'webhook-service': startWebhookServiceOnly, worker: startWorkerOnly }
  const start = (deps: RoleDeps) => parts[config.only](config, deps, context)
  return runRole({ name: 'sandbox', log: config, logFd: 2, described, start, stopWithinMs }, context)
}

type Surroundings = Pick<ProcessDeps, 'out' | 'program'>

async function startEverything(
  config: SandboxConfig,
  deps: RoleDeps,
  { out: print, program }: Surroundings,
): Promise<RunningRole> {
  const [{ startSandbox }, { startPage }] = await Promise.all([import('./start.ts'), import('./start-page.ts')])
  const switches = await chosenSwitches(config)
  await using parts = new AsyncDisposableStack()
  const options = { ...config, ...(program !== undefined && { program }) }
  const sandbox = await startSandbox({ ...options, onWorkerEvent: (event) => print(eventLine(event)) }, deps)
  parts.defer(() => sandbox.stop())
  sandbox.simulator.admin.setSwitches(switches)
  const page = await startPage(sandbox, deps, config.pagePort)
  parts.defer(() => page.close())
  print(overview(sandbox, page.url))
  const running = parts.move()
  return { stop: () => running.disposeAsync(), ended: sandbox.ended }
}

async function startWebhookServiceOnly(
  config: SandboxConfig,
  deps: RoleDeps,
  { out: print }: Surroundings,
): Promise<RunningRole> {
  const { host, webhookServicePort: port } = config
  const switches = await chosenSwitches(config)
  const simulator = await startSimulator({ host, port }, deps)
  simulator.admin.setSwitches(switches)
  print(`${serviceLines(simulator.url).join('\n')}\n`)
  return { stop: () => simulator.close(), ended: never }
}

async function startWorkerOnly(
  { host, workerPort: port }: SandboxConfig,
  _deps: RoleDeps,
  { out: print }: Surroundings,
): Promise<RunningRole> {
  const { startSampleWorker } = await import('../../../playground/sample-worker.ts')
  const worker = await startSampleWorker({ host, port, onEvent: (event) => print(eventLine(event)) })
  print(`Worker          http://${hostInUrl(host)}:${worker.port}  (accepts CloudEvents by POST)\n`)
  return { stop: () => worker.close(), ended: never }
}

const serviceLines = (url: string) => [
  `WebhookService  ${url}  (simulated; admin API below ${url}/_admin/)`,
  `API key         ${sandboxApiKey}`,
]

function overview(
  { simulator, receiver, worker, kubeconfigPath, shellPath, samplePath, dataDir }: Sandbox,
  pageUrl: string,
): string {
  return [
    `Page            ${pageUrl}  (open it in a browser on this machine)`,
    ...serviceLines(simulator.url),
    `Endpoint        ${receiver.publicUrl}  (receiver ${receiver.url})`,
    `Worker          ${worker.url}  (Service default/batch-worker)`,
    `Data            ${dataDir}`,
    `Kubeconfig      ${kubeconfigPath}`,
    '',
    'Try, in another terminal:',
    `  . ${shellPath}`,
    `  kubectl apply -f ${samplePath}`,
    '  kubectl wait --for=condition=Ready gwh/batch-events',
    ...commandsToTry.map((line) => `  ${line}`),
    '',
    'In the sandbox the pods behind a Service are this machine: its targetPort is a port here. Ctrl-C ends everything.',
    '',
  ].join('\n')
}

function eventLine({ type, id, subject, extensions, repeated }: ReceivedEvent): string {
  const attempt = extensions['deliveryattempt'] ?? '1'
  return `worker got      ${type} ${subject ?? ''} (id ${id}, attempt ${attempt}${repeated ? ', seen before' : ''})\n`
}
