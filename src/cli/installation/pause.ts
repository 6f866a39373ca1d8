import { optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import {
  describePause,
  maxPauseReasonLength,
  pauseConfigMapName,
  pauseReasonKey,
  readPause,
} from '../../contract/pause-record.ts'
import { isConflict, type KubernetesClient } from '../../kubernetes/client.ts'
import { configMapKind, type ConfigMap } from '../../kubernetes/core-kinds.ts'
import { operatorNamespaceBy } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { connection, operatorNamespace, output } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'

const settings = {
  reason: optionalText({
    group: 'Pause',
    help: 'Says why, in the condition of every GeminiWebhook. Owners of objects read it.',
    placeholder: 'TEXT',
    pattern: new RegExp(`^[^\\p{Cc}]{1,${maxPauseReasonLength}}$`, 'u'),
    what: `one line of at most ${maxPauseReasonLength} characters`,
    ignoresEnvironment: true,
  }),
  operatorNamespace,
  ...connection,
  output,
} as const
type PauseConfig = ConfigOf<typeof settings>

/** `gwh pause`: 0 when the installation is paused, by this command or before. */
export const pause = userCommand({
  name: 'pause',
  summary: 'Stop all calls to Google, until "gwh resume".',
  about:
    'Pauses the whole installation: the controller makes no calls to Google, so nothing is registered, changed, rotated or deleted there. Events are still received ' +
    'and delivered. Every GeminiWebhook shows it as Suspended. The pause is the ConfigMap gwh-pause in the namespace of the operator, and outlives restarts.',
  example: 'gwh pause --reason="maintenance of the Google project"',
  settings,
  run: pauseInstallation,
})

async function pauseInstallation(config: PauseConfig, _names: readonly string[], deps: UserCommandDeps) {
  const client = await deps.cluster(config)
  try {
    const namespace = await operatorNamespaceBy(client, config, 'pause', deps)
    const { isNew, configMap } = await putPause(client, namespace, config.reason)
    const record = readPause(configMap)
    const value = { paused: true, isNew, namespace, ...record }
    const told = cellOf(describePause(record, namespace))
    const text = () =>
      isNew
        ? `${told}. Calls under way end first; "gwh doctor" says how many objects show it.\n`
        : `It was paused before: ${told}.\n`
    deps.out(printedAs(config.output, { value, text }))
    return exitCodes.ok
  } finally {
    await client.close()
  }
}

/** Begins the pause, or gives the one that has begun this reason; without one, its reason stays. */
async function putPause(client: KubernetesClient, namespace: string, reason: string | undefined) {
  const key = { namespace, name: pauseConfigMapName }
  const data = reason === undefined ? {} : { data: { [pauseReasonKey]: reason } }
  try {
    const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, ...data }
    return { isNew: true, configMap: await client.create<ConfigMap>(configMapKind, made) }
  } catch (error) {
    if (!isConflict(error)) throw error
  }
  return { isNew: false, configMap: await client.patch<ConfigMap>(configMapKind, key, data, { type: 'merge' }) }
}
