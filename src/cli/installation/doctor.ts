import type { ConfigOf } from '../../config/setting.ts'
import { printChain } from '../link.ts'
import { locateBy } from '../places.ts'
import { allNamespaces, asUser, namespaceOfObjects, operatorNamespace } from '../shared-settings.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { installationChain } from './chain.ts'

const settings = {
  namespace: {
    ...namespaceOfObjects,
    help: 'Looks at the objects of this namespace. If it is not set, at all that you may see.',
  },
  allNamespaces,
  operatorNamespace,
  ...asUser,
} as const
type DoctorConfig = ConfigOf<typeof settings>

/** `gwh doctor`: 1 when something is broken, 3 when something could not be read and nothing else is broken. */
export const doctor = userCommand({
  name: 'doctor',
  summary: 'Check the installation: controllers, receivers, what was left behind.',
  about:
    'Checks the installation: CRD, controllers and their leader, receivers, versions, what was left behind, and which GeminiWebhooks are not Ready. It changes nothing. ' +
    'What you may not read is shown as open.',
  example: 'gwh doctor',
  settings,
  run: examineInstallation,
})

async function examineInstallation(
  config: DoctorConfig,
  _names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const { readInstallation } = await import('./read-installation.ts')
  const client = await deps.cluster(config)
  try {
    const places = await locateBy(client, config, { command: 'doctor', otherwise: 'all' }, deps)
    const facts = await readInstallation(client, { ...config, ...places }, deps.clock.now())
    return printChain(installationChain(facts, places.operatorNamespace, deps.clock.now()), config, deps)
  } finally {
    await client.close()
  }
}
