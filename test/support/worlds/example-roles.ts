import assert from 'node:assert/strict'
import { join } from 'node:path'

import type { SimulatorAdmin } from '../../../playground/webhook-service/admin.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'
import type { ConfigOf, RoleSettings, SettingsTable } from '../../../src/config/setting.ts'
import { startController } from '../../../src/roles/controller.ts'
import { startReceiver } from '../../../src/roles/receiver.ts'
import { roleDeps } from '../builders/role-deps.ts'
import { eventually } from '../measures/eventually.ts'
import { recordSecret } from '../measures/run-record.ts'
import { objectsIn } from './example-sandbox.ts'
import { giveApiKey, operatorNamespace, startOperatorWorld, userNamespace } from './operator-world.ts'

export interface ExampleRoles {
  admin: SimulatorAdmin
  project: string
  apiKey: string
  webhookServiceUrl: string
  /** Creates the first object of a manifest, a GeminiWebhook, and waits until it is Ready. */
  apply(path: string): Promise<void>
  stop(): Promise<void>
}

const publicHost = 'hooks.example.com'

/**
 * Controller and receiver with flags of the test's own, for examples that need more of an installation than a sandbox
 * has.
 */
export async function startExampleRoles(flags: {
  controller: readonly string[]
  receiver: readonly string[]
}): Promise<ExampleRoles> {
  await using parts = new AsyncDisposableStack()
  const world = await startOperatorWorld()
  parts.defer(() => world.close())
  await giveApiKey(world)
  const apiKey = world.webhookService.createApiKey('project')
  recordSecret(apiKey)
  const shared = [
    `--namespace=${operatorNamespace}`,
    `--kubeconfig=${await world.kubeconfigFor(world.kubernetesUrl)}`,
    '--health-host=127.0.0.1',
    '--health-port=0',
  ]
  const controllerFlags = [
    ...shared,
    `--base-url=https://${publicHost}`,
    `--google-base-url=${world.webhookServiceUrl}`,
    '--no-leader-election',
    '--confirm-interval=200ms',
    '--receiver-seen-wait=100ms',
    ...flags.controller,
  ]
  const controller = await startController(configOf(controllerSettings, controllerFlags), roleDeps('controller').deps)
  parts.defer(() => controller.stop())
  const receiverFlags = [
    ...shared,
    `--data-dir=${join(world.folder, 'receiver')}`,
    '--host=127.0.0.1',
    '--port=0',
    '--admin-port=0',
    '--report-interval=100ms',
    '--drain=0s',
    ...flags.receiver,
  ]
  const receiver = await startReceiver(configOf(receiverSettings, receiverFlags), roleDeps('receiver').deps)
  parts.defer(() => receiver.stop())
  world.webhookService.setConnectTo({ [publicHost]: `http://127.0.0.1:${receiver.port}` })

  const started = parts.move()
  return {
    admin: world.webhookService,
    project: 'project',
    apiKey,
    webhookServiceUrl: world.webhookServiceUrl,
    async apply(path) {
      const [webhook = assert.fail(path)] = objectsIn(path)
      const key = { namespace: userNamespace, name: webhook.metadata.name }
      await world.client.create(geminiWebhookKind, { ...webhook, metadata: { ...webhook.metadata, ...key } })
      await eventually(`${key.name} is Ready`, async () => {
        const { status } = (await world.client.get<GeminiWebhook>(geminiWebhookKind, key)) ?? {}
        return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
      })
    },
    stop: () => started.disposeAsync(),
  }
}

function configOf<Table extends SettingsTable>(role: RoleSettings<Table>, flags: readonly string[]): ConfigOf<Table> {
  const parsed = parseSettings(role, { flags, env: {} })
  if (parsed.type === 'config') return parsed.config
  throw new Error(`${role.role}: ${parsed.type === 'errors' ? parsed.errors.join('; ') : 'asked for help'}`)
}
