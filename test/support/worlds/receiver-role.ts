import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { parseSettings } from '../../../src/config/parse-settings.ts'
import { receiverSettings, type ReceiverConfig } from '../../../src/config/receiver-config.ts'
import { startReceiver, type RunningReceiver } from '../../../src/roles/receiver.ts'
import { roleDeps } from '../builders/role-deps.ts'
import { operatorNamespace, type OperatorWorld } from './operator-world.ts'

/** What `gwh receiver` is told in these worlds: free ports, and an end without a wait. `flags`: its inbox, and more. */
export async function receiverRoleConfig(world: OperatorWorld, flags: readonly string[]): Promise<ReceiverConfig> {
  const parsed = parseSettings(receiverSettings, {
    flags: [
      `--namespace=${operatorNamespace}`,
      `--kubeconfig=${await world.kubeconfigFor(world.kubernetesUrl)}`,
      '--host=127.0.0.1',
      '--port=0',
      '--health-host=127.0.0.1',
      '--health-port=0',
      '--admin-port=0',
      '--drain=0s',
      '--shutdown-grace=5s',
      ...flags,
    ],
    env: {},
  })
  assert.ok(parsed.type === 'config', JSON.stringify(parsed))
  return parsed.config
}

/** `gwh receiver` in this process, on free ports, with a folder of its own; ends with the test. */
export async function startReceiverRole(
  t: TestContext,
  world: OperatorWorld,
  flags: readonly string[] = [],
): Promise<RunningReceiver> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-receiver-'))
  t.after(() => rm(folder, { recursive: true }))
  const config = await receiverRoleConfig(world, [`--data-dir=${folder}`, ...flags])
  const receiver = await startReceiver(config, roleDeps().deps)
  t.after(() => receiver.stop())
  return receiver
}
