import { boolean, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { googleSettings } from '../../config/shared-settings.ts'
import { describeOrphanReason, orphanIdOf, type Orphan } from '../../contract/orphans/orphan-record.ts'
import { locateBy, objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import {
  allNamespaces,
  apiKeyField,
  connection,
  listOutput,
  namespaceOfObjects,
  operatorNamespace,
} from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { maxNames, userCommand, type UserCommandDeps } from '../user-command.ts'
import { orphansIn } from './orphan-list.ts'

const settings = {
  apiKeySecret: optionalText({
    group: 'Google',
    help: 'For delete, the Secret with an API key of the project that holds the webhooks, as NAME or NAMESPACE/NAME. It is read with your rights, not with those of the operator.',
    placeholder: 'NAME',
    pattern: /^([a-z0-9-]{1,63}\/)?[a-z0-9.-]{1,253}$/,
    what: 'the name of a Secret, such as gemini-api-key or ml/gemini-api-key',
  }),
  apiKeyField,
  acceptMissing: boolean({
    group: 'Google',
    help: 'Also treats a webhook as deleted if Google does not find it with an API key that never saw it. Use this if you know that it was deleted.',
    default: 'false',
  }),
  ...googleSettings,
  namespace: {
    ...namespaceOfObjects,
    help: 'Shows webhooks that belonged to objects of this namespace. If it is not set, those of all namespaces are shown.',
  },
  allNamespaces,
  operatorNamespace,
  ...connection,
  output: listOutput,
} as const
type OrphansConfig = ConfigOf<typeof settings>

/**
 * `gwh orphans`: what the controller noted. `gwh orphans delete ID ...`: 1 when one of those named could not be
 * deleted.
 */
export const orphans = userCommand({
  name: 'orphans',
  summary: 'List webhooks that were left at Google, and delete them.',
  about:
    'Lists the webhooks that the controller had to leave at Google. "gwh orphans delete ID ..." deletes them there, with an API key ' +
    'of their project, and removes them from the list. A webhook that an object or another installation uses is not deleted.',
  example: 'gwh orphans --operator-namespace=gemini-webhook-system',
  settings,
  names: { placeholder: 'names: none, or delete ID ...', usage: '[delete ID ...]', min: 0, max: maxNames },
  run: cleanOrphans,
})

async function cleanOrphans(config: OrphansConfig, names: readonly string[], deps: UserCommandDeps): Promise<number> {
  const [verb, ...ids] = names
  const [wrong] = problemsOf(config, verb, ids)
  if (wrong !== undefined) {
    deps.err(`gwh orphans: ${wrong}\n`)
    return exitCodes.usage
  }
  const operator = await deps.operator(config)
  try {
    const places = await locateBy(operator.client, config, { command: 'orphans', otherwise: 'all' }, deps)
    if (verb !== undefined) {
      const { deleteOrphans } = await import('./delete-orphans.ts')
      const apiKeySecret = await secretKey(config, places.namespace)
      const found = { ...config, ...places, apiKeySecret }
      return await deleteOrphans(new Set(ids), { config: found, context: deps, operator })
    }
    const all = await orphansIn(operator.client, places.operatorNamespace)
    const { namespace } = places
    const found = all.filter(({ record }) => namespace === undefined || record?.namespace === namespace)
    const names = found.map(orphanIdOf)
    deps.out(printedAs(config.output, { value: { orphans: found.map(shown) }, text: () => inWords(found), names }))
    return exitCodes.ok
  } finally {
    await operator.close()
  }
}

function problemsOf({ apiKeySecret }: OrphansConfig, verb: string | undefined, ids: readonly string[]): string[] {
  if (verb === undefined) return []
  if (verb !== 'delete') return [`"${cellOf(verb).slice(0, 80)}": write nothing to list, or delete ID ...`]
  return [
    ...(ids.length === 0 ? ['delete: name what to delete by its ID; "gwh orphans" lists them'] : []),
    ...(apiKeySecret === undefined
      ? ['--api-key-secret: is missing; name a Secret with an API key of the project as NAME or NAMESPACE/NAME']
      : []),
  ]
}

/** It may well be in another namespace than the objects whose webhooks are meant. */
function secretKey({ apiKeySecret = '', ...config }: OrphansConfig, namespace: string | undefined) {
  return objectKey(apiKeySecret, { ...config, namespace: apiKeySecret.includes('/') ? undefined : namespace })
}

function inWords(orphans: readonly Orphan[]): string {
  if (orphans.length === 0) return 'No orphans.\n'
  return table(['ID', 'OBJECT', 'KEY FINGERPRINT', 'NOTED', 'WHY'], orphans.map(rowOf))
}

function shown(orphan: Orphan): Record<string, string | undefined> {
  return { id: orphanIdOf(orphan), entry: orphan.key, ...orphan.record }
}

function rowOf(orphan: Orphan): string[] {
  const { record } = orphan
  if (record === undefined)
    return [cellOf(orphanIdOf(orphan)), '', '', '', 'its entry cannot be read; look at the ConfigMap']
  const { namespace, name, keyFingerprint, time, reason } = record
  const why = [describeOrphanReason(reason), record.id === undefined ? 'its id is unknown' : '']
  return [
    orphanIdOf(orphan),
    `${namespace}/${name}`,
    keyFingerprint,
    time,
    why.filter((part) => part !== '').join('; '),
  ].map(cellOf)
}
