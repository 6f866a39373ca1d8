import { boolean, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { clusterSettings, googleSettings } from '../../config/shared-settings.ts'
import { describeOrphanReason, orphanIdOf, type Orphan } from '../../contract/orphans/orphan-record.ts'
import { exitCodes } from '../run-command.ts'
import { apiKeyField, asUser } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { maxNames, userCommand, type UserCommandDeps } from '../user-command.ts'
import { orphansIn } from './orphan-list.ts'

const settings = {
  apiKeySecret: optionalText({
    group: 'Google',
    help: 'For delete: the Secret with an API key of the project that holds the webhooks. It is read with your rights, not with those of the operator.',
    placeholder: 'NAMESPACE/NAME',
    pattern: /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/,
    what: 'a namespace and a name, such as ml/gemini-api-key',
  }),
  apiKeyField,
  acceptMissing: boolean({
    group: 'Google',
    help: 'Also treat a webhook as gone that Google does not have for an API key that never saw it: you know that it was deleted.',
    default: 'false',
  }),
  ...googleSettings,
  namespace: clusterSettings.namespace,
  ...asUser,
} as const
type OrphansConfig = ConfigOf<typeof settings>

/**
 * `gwh orphans`: what the controller noted. `gwh orphans delete ID ...`: 1 when one of those named could not be
 * deleted.
 */
export const orphans = userCommand({
  name: 'orphans',
  summary: 'List webhooks that were left at Google, and delete them: gwh orphans delete ID ...',
  about:
    'Lists the webhooks that the controller had to leave at Google. "gwh orphans delete ID ..." in front of the flags deletes them there, with an API key ' +
    'of their project, and removes them from the list. A webhook that an object or another installation uses is not deleted.',
  example: 'gwh orphans --namespace=gemini-webhook-system',
  settings,
  names: { placeholder: 'names: none, or delete ID ...', min: 0, max: maxNames },
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
    if (verb !== undefined) {
      const { deleteOrphans } = await import('./delete-orphans.ts')
      return await deleteOrphans(new Set(ids), { config, context: deps, operator })
    }
    const orphans = await orphansIn(operator.client, config.namespace)
    if (config.output === 'json') deps.out(`${JSON.stringify({ orphans: orphans.map(shown) }, undefined, 2)}\n`)
    else if (orphans.length === 0) deps.out('No orphans.\n')
    else deps.out(table(['ID', 'OBJECT', 'KEY FINGERPRINT', 'NOTED', 'WHY'], orphans.map(rowOf)))
    return exitCodes.ok
  } finally {
    await operator.close()
  }
}

function problemsOf({ apiKeySecret }: OrphansConfig, verb: string | undefined, ids: readonly string[]): string[] {
  if (verb === undefined) return []
  if (verb !== 'delete')
    return [`"${cellOf(verb).slice(0, 80)}": write nothing to list, or delete ID ... in front of the flags`]
  return [
    ...(ids.length === 0 ? ['delete: name what to delete by its ID; "gwh orphans" lists them'] : []),
    ...(apiKeySecret === undefined
      ? ['--api-key-secret: is missing; name a Secret with an API key of the project as NAMESPACE/NAME']
      : []),
  ]
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
