import type { ConfigOf } from '../../config/setting.ts'
import { pauseConfigMapName } from '../../contract/pause-record.ts'
import { isNotFound, type KubernetesClient } from '../../kubernetes/client.ts'
import { configMapKind } from '../../kubernetes/core-kinds.ts'
import { operatorNamespaceBy } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { connection, operatorNamespace, output } from '../shared-settings.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'

const settings = { operatorNamespace, ...connection, output } as const
type ResumeConfig = ConfigOf<typeof settings>

/** `gwh resume`: 0 when the installation is not paused (any more). */
export const resume = userCommand({
  name: 'resume',
  summary: 'End the pause of the whole installation.',
  about:
    'Ends the pause that "gwh pause" began: it deletes the ConfigMap gwh-pause in the namespace of the operator. The controller then looks at every GeminiWebhook, and ' +
    'does what has become due. A GitOps tool that keeps the ConfigMap makes it anew: remove it from Git first.',
  example: 'gwh resume',
  settings,
  run: resumeInstallation,
})

async function resumeInstallation(config: ResumeConfig, _names: readonly string[], deps: UserCommandDeps) {
  const client = await deps.cluster(config)
  try {
    const namespace = await operatorNamespaceBy(client, config, 'resume', deps)
    const wasPaused = await endPause(client, namespace)
    const text = () =>
      wasPaused
        ? `The installation in namespace ${namespace} is not paused any more.\n`
        : `The installation in namespace ${namespace} was not paused: it has no ConfigMap ${pauseConfigMapName}.\n`
    deps.out(printedAs(config.output, { value: { paused: false, wasPaused, namespace }, text }))
    return exitCodes.ok
  } finally {
    await client.close()
  }
}

async function endPause(client: KubernetesClient, namespace: string): Promise<boolean> {
  try {
    await client.delete(configMapKind, { namespace, name: pauseConfigMapName })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
