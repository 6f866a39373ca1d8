import { controllerSettings, type ControllerConfig } from '../../config/controller-config.ts'
import { parseSettings } from '../../config/parse-settings.ts'
import { receiverSettings, type ReceiverConfig } from '../../config/receiver-config.ts'
import { uiSettings, type UiConfig } from '../../config/ui-config.ts'
import type { ConfigOf, RoleSettings, SettingsTable } from '../../config/setting.ts'

/** The operator's own namespace in a sandbox: the same as in a cluster. */
export const operatorNamespace = 'gemini-webhook-system'

/** Where the parts of a sandbox are, and how fast time passes for the controller. */
export interface SandboxLayout {
  host: string
  kubeconfigPath: string
  webhookServiceUrl: string
  /** The authority of the public endpoint, as a file. */
  authorityPath: string
  baseUrl: string
  speed: number
}

/** What distinguishes one receiver from the others. */
export interface ReceiverPlace {
  podName: string
  dataDir: string
  port: number
}

/** The controller as it ships, on production's waiting times divided by `speed`. */
export function sandboxControllerConfig(layout: SandboxLayout): ControllerConfig {
  const scaled = (productionMs: number) => `${Math.max(Math.round(productionMs / layout.speed), 1)}ms`
  return configOf(controllerSettings, [
    `--namespace=${operatorNamespace}`,
    `--kubeconfig=${layout.kubeconfigPath}`,
    `--base-url=${layout.baseUrl}`,
    `--google-base-url=${layout.webhookServiceUrl}`,
    `--trusted-ca=${layout.authorityPath}`,
    `--health-host=${layout.host}`,
    '--health-port=0',
    // As long as settling allows: calls on one machine take milliseconds, but a busy machine may pause.
    `--call-timeout=${scaled(30_000)}`,
    `--settle-extra=${scaled(30_000)}`,
    `--confirm-interval=${scaled(60_000)}`,
    `--receiver-seen-wait=${scaled(2000)}`,
    `--ping-repeat=${scaled(30_000)}`,
    `--resync-interval=${scaled(600_000)}`,
    '--calls-per-minute=6000',
    // Nothing makes EndpointSlices here.
    '--allow-foreign-endpoints',
    '--shutdown-grace=5s',
  ])
}

/** The receiver as it ships; sinks may reach this machine, because here everything is this machine. */
export function sandboxReceiverConfig(
  layout: SandboxLayout,
  { podName, dataDir, port }: ReceiverPlace,
): ReceiverConfig {
  return configOf(receiverSettings, [
    `--namespace=${operatorNamespace}`,
    `--kubeconfig=${layout.kubeconfigPath}`,
    `--host=${layout.host}`,
    `--port=${port}`,
    `--health-host=${layout.host}`,
    '--health-port=0',
    '--admin-port=0',
    `--data-dir=${dataDir}`,
    `--jwks-url=${layout.webhookServiceUrl}/.well-known/jwks.json`,
    '--inbox-max=256MiB',
    `--pod-name=${podName}`,
    '--report-interval=100ms',
    '--allow-loopback-sinks',
    '--drain=0s',
    '--shutdown-grace=5s',
  ])
}

/** The page, as the user of the sandbox's kubeconfig. */
export function sandboxUiConfig(layout: Omit<SandboxLayout, 'host' | 'baseUrl' | 'speed'>, port: number): UiConfig {
  return configOf({ role: 'ui', about: '', example: '', settings: uiSettings, check: () => [] }, [
    `--operator-namespace=${operatorNamespace}`,
    `--kubeconfig=${layout.kubeconfigPath}`,
    `--google-base-url=${layout.webhookServiceUrl}`,
    `--trusted-ca=${layout.authorityPath}`,
    `--port=${port}`,
  ])
}

function configOf<Table extends SettingsTable>(role: RoleSettings<Table>, flags: readonly string[]): ConfigOf<Table> {
  const parsed = parseSettings(role, { flags, env: {} })
  if (parsed.type === 'config') return parsed.config
  throw new Error(`sandbox ${role.role}: ${parsed.type === 'errors' ? parsed.errors.join('; ') : 'asked for help'}`)
}
