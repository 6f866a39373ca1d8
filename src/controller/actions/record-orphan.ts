import { isConflict, isNotFound } from '../../kubernetes/client.ts'
import { withEvent, type ActionState } from '../action-state.ts'
import type { PassContext } from '../context.ts'
import { formatTime } from '../format-time.ts'
import { configMapKind, type ConfigMap } from '../kinds.ts'

const configMapName = 'gwh-orphans'

/** Notes what may be left at Google, where the command line can find and clean it: one line per object in the operator's namespace. */
export async function recordOrphan(state: ActionState, ctx: PassContext, id: string | undefined): Promise<ActionState> {
  const { uid, namespace, name } = state.webhook.metadata
  const { keyFingerprint, uri } = state.webhook.status?.webhook ?? {}
  const line = JSON.stringify({ namespace, name, id, uri, keyFingerprint, time: formatTime(ctx.clock.now()) })
  const list = await putLine(uid, line, ctx)
  ctx.instruments.orphans.add()
  const note = `webhook ${id ?? 'of unknown id'} may be left at Google; noted in ConfigMap ${ctx.config.namespace}/${configMapName}`
  const event = { type: 'Warning', reason: 'Orphaned', action: 'Release', note } as const
  // In a namespace that is being deleted no Event can be created: it is told where the operator lives, too.
  const regarding = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: ctx.config.namespace,
    name: configMapName,
    uid: list.metadata.uid ?? '',
  }
  ctx.recorder.record({ ...event, regarding, note: `GeminiWebhook ${namespace}/${name}: ${note}` })
  return withEvent(state, event)
}

async function putLine(key: string, line: string, { client, config }: PassContext): Promise<ConfigMap> {
  const where = { namespace: config.namespace, name: configMapName }
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
