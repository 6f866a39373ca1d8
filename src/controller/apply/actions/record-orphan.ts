import { isConflict, isNotFound } from '../../../kubernetes/client.ts'
import { recordsToDrop } from '../../../contract/orphans/make-room.ts'
import {
  orphanIdOf,
  orphanKeyOf,
  orphansConfigMapName,
  type OrphanReason,
  type OrphanRecord,
} from '../../../contract/orphans/orphan-record.ts'
import { withEvent, type ActionState } from '../action-state.ts'
import type { PassContext } from '../pass-context.ts'
import { formatTime } from '../../../format-time.ts'
import { configMapKind, type ConfigMap } from '../../../kubernetes/core-kinds.ts'

interface LeftBehind {
  /** undefined: the answer to a create was never seen. */
  id: string | undefined
  reason: OrphanReason
}

/**
 * Records a webhook that may be left at Google, so that the command line can find and delete it: one line per object
 * and webhook in the operator's namespace.
 */
export async function recordOrphan(
  state: ActionState,
  ctx: PassContext,
  { id, reason }: LeftBehind,
): Promise<ActionState> {
  const { uid, namespace, name } = state.webhook.metadata
  const { keyFingerprint, uri } = state.webhook.status?.webhook ?? {}
  const record: OrphanRecord = {
    namespace,
    name,
    ...(id !== undefined && { id }),
    ...(uri !== undefined && { uri }),
    ...(keyFingerprint !== undefined && { keyFingerprint }),
    time: formatTime(ctx.clock.now()),
    reason,
  }
  const list = await putLine(orphanKeyOf(uid, id), JSON.stringify(record), ctx)
  await makeRoom(list, ctx)
  ctx.instruments.orphans.add()
  const note = `webhook ${id ?? 'of unknown id'} may be left at Google; noted in ConfigMap ${ctx.config.namespace}/${orphansConfigMapName}`
  const event = { type: 'Warning', reason: 'Orphaned', action: 'Release', note } as const
  // In a namespace that is being deleted no Event can be created: it is created in the operator's namespace, too.
  const regarding = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: ctx.config.namespace,
    name: orphansConfigMapName,
    uid: list.metadata.uid ?? '',
  }
  ctx.recorder.record({ ...event, regarding, note: `GeminiWebhook ${namespace}/${name}: ${note}` })
  return withEvent(state, event)
}

/** For the next one. The log names each dropped record: nothing else has it. */
async function makeRoom({ data }: ConfigMap, { client, config, logger }: PassContext): Promise<void> {
  const dropped = recordsToDrop(data)
  if (dropped.length === 0) return
  const where = { namespace: config.namespace, name: orphansConfigMapName }
  const gone = Object.fromEntries(dropped.map(({ key }) => [key, null]))
  await client.patch<ConfigMap>(configMapKind, where, { data: gone }, { type: 'merge' })
  for (const orphan of dropped) {
    const { namespace = '', name = '' } = orphan.record ?? {}
    logger.warn({ namespace, name, id: orphanIdOf(orphan) }, 'orphan.dropped')
  }
}

async function putLine(key: string, line: string, { client, config }: PassContext): Promise<ConfigMap> {
  const where = { namespace: config.namespace, name: orphansConfigMapName }
  const data = { [key]: line }
  const patch = () => client.patch<ConfigMap>(configMapKind, where, { data }, { type: 'merge' })
  try {
    return await patch()
  } catch (error) {
    if (!isNotFound(error)) throw error
    try {
      return await client.create<ConfigMap>(configMapKind, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: where,
        data,
      })
    } catch (raced) {
      if (!isConflict(raced)) throw raced
      return patch()
    }
  }
}
