import type { OrphansConfig } from '../../config/user-settings.ts'
import { describeOrphanReason, orphanIdOf, type Orphan } from '../../orphans/orphan-record.ts'
import { deleteOrphans } from './delete-orphans.ts'
import type { OpenOperator } from '../operator-access.ts'
import { orphansIn } from './orphan-list.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { cellOf, table } from '../table.ts'

interface Around {
  context: Pick<CommandContext, 'out' | 'err'>
  open: OpenOperator
}

/** `gwh orphans`: what the controller noted. `gwh orphans delete ID ...`: 1 when one of those named could not be cleaned. */
export async function cleanOrphans(config: OrphansConfig, names: readonly string[], around: Around): Promise<number> {
  const { context, open } = around
  const [verb, ...ids] = names
  const [wrong] = problemsOf(config, verb, ids)
  if (wrong !== undefined) {
    context.err(`gwh orphans: ${wrong}\n`)
    return exitCodes.usage
  }
  const operator = await open(config)
  try {
    if (verb !== undefined) return await deleteOrphans(new Set(ids), { config, context, operator })
    const orphans = await orphansIn(operator.client, config.namespace)
    if (config.output === 'json') context.out(`${JSON.stringify({ orphans: orphans.map(shown) }, undefined, 2)}\n`)
    else if (orphans.length === 0) context.out('No orphans.\n')
    else context.out(table(['ID', 'OBJECT', 'KEY FINGERPRINT', 'NOTED', 'WHY'], orphans.map(rowOf)))
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
