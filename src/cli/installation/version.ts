import { boolean } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { KubernetesClient, KubernetesObject } from '../../kubernetes/client.ts'
import { locateBy } from '../places.ts'
import { podKind, podLabels } from '../pods.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { listOutput, visit } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'

interface Pod extends KubernetesObject {
  spec?: { containers?: { image?: string }[] }
  status?: { phase?: string }
}

/** What runs where; `version` is missing where it could not be found out. */
interface Found {
  part: 'client' | 'controller' | 'receiver'
  pod?: string
  version?: string
}

const settings = {
  client: boolean({ group: 'Output', help: 'Prints only the version of this program.', default: 'false' }),
  ...visit,
  output: listOutput,
} as const
type VersionConfig = ConfigOf<typeof settings>

/** `gwh version`: 3 where a version could not be found out. */
export const version = userCommand({
  name: 'version',
  summary: 'Print the versions of this program, the controllers and the receivers.',
  about:
    'Prints the version of this program, of each controller by the tag of its image, and of each receiver as the receiver itself tells it.',
  example: 'gwh version --client',
  settings,
  run: showVersions,
})

async function showVersions(config: VersionConfig, _names: readonly string[], deps: UserCommandDeps): Promise<number> {
  const found: Found[] = [{ part: 'client', version: deps.version }]
  const problems = config.client ? [] : await addInstallation(config, found, deps)
  const names = found.map(({ version: each }) => each ?? 'unknown')
  deps.out(printedAs(config.output, { value: { versions: found }, text: () => inWords(found), names }))
  for (const problem of problems) deps.err(`gwh version: ${problem}\n`)
  return problems.length === 0 ? exitCodes.ok : exitCodes.unjudged
}

/** Adds what it finds, and answers with what it could not find out: the client's version is printed all the same. */
async function addInstallation(config: VersionConfig, found: Found[], deps: UserCommandDeps): Promise<string[]> {
  const problems: string[] = []
  const note = (error: unknown) => void problems.push(error instanceof Error ? error.message : String(error))
  try {
    const client = await deps.cluster(config)
    try {
      const asking = { command: 'version', otherwise: 'all' } as const
      const places = await locateBy(client, { ...config, namespace: undefined }, asking, deps)
      await addControllers(client, places.operatorNamespace, found).catch(note)
      await addReceivers({ ...config, ...places }, found, deps, note)
    } finally {
      await client.close()
    }
  } catch (error) {
    note(error)
  }
  return problems
}

async function addControllers(client: KubernetesClient, namespace: string, found: Found[]): Promise<void> {
  const { items } = await client.list<Pod>(podKind, { namespace, labelSelector: podLabels('controller') })
  for (const { metadata, spec, status } of items) {
    const tag = tagOf(spec?.containers?.[0]?.image ?? '')
    if (status?.phase !== 'Running') continue
    found.push({ part: 'controller', pod: metadata.name, ...(tag !== undefined && { version: tag }) })
  }
}

async function addReceivers(
  config: VersionConfig & { operatorNamespace: string },
  found: Found[],
  deps: UserCommandDeps,
  note: (error: unknown) => void,
): Promise<void> {
  const receivers = await deps.receivers(config)
  try {
    for (const { name, admin } of receivers.pods) {
      const told = await admin.readVersion().catch(note)
      found.push({ part: 'receiver', pod: name, ...(typeof told === 'string' && { version: told }) })
    }
  } finally {
    await receivers.close()
  }
}

/** Pure: `1.2.3` of `host:5000/gwh:1.2.3@sha256:...`; undefined where there is none. */
function tagOf(image: string): string | undefined {
  return /:([\w][\w.-]*)$/.exec(image.replace(/@.*$/, ''))?.[1]
}

function inWords(found: readonly Found[]): string {
  const rows = found.map(({ part, pod = '-', version: each = 'unknown' }) => [part, pod, each].map(cellOf))
  return table(['PART', 'POD', 'VERSION'], rows)
}
