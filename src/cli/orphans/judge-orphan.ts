import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { markerIn, ownerOfRemote, tokenIn, type RemoteIdentity } from '../../controller/facts/ownership.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { OrphanRecord } from '../../contract/orphans/orphan-record.ts'

type SeenRemote = Pick<RemoteWebhook, 'id' | 'name'> & Partial<Pick<RemoteWebhook, 'uri'>>

/** What is known about one orphan when it is to be deleted. */
export interface OrphanSituation {
  readonly record: OrphanRecord
  /** The webhook of that id; where no id is known, whatever carries the marker of the object. */
  readonly remotes: readonly SeenRemote[]
  /** What the object's webhook is marked with at Google; undefined while the installation id cannot be relied on. */
  readonly identity: RemoteIdentity | undefined
  /** Whether this API key is known to have seen the webhook: only then is a 404 a proof. */
  readonly hasSeenIt: boolean
  /** A person says that what is missing is gone, whatever the key. */
  readonly acceptMissing: boolean
  /** Every GeminiWebhook of the cluster. */
  readonly webhooks: readonly Pick<GeminiWebhook, 'metadata' | 'spec' | 'status'>[]
}

export type OrphanVerdict =
  | { readonly type: 'Delete'; readonly ids: readonly string[] }
  | { readonly type: 'Gone' }
  | { readonly type: 'Refuse'; readonly why: string }

/** Whether the webhook may be deleted at Google, or is gone already. Pure. In doubt it stays: it may be in use. */
export function judgeOrphan(situation: OrphanSituation): OrphanVerdict {
  const why = whyInUse(situation) ?? whyForeign(situation)
  if (why !== undefined) return { type: 'Refuse', why }
  const { remotes, hasSeenIt, acceptMissing } = situation
  if (remotes.length > 0) return { type: 'Delete', ids: remotes.map(({ id }) => id) }
  if (hasSeenIt || acceptMissing) return { type: 'Gone' }
  return {
    type: 'Refuse',
    why:
      'Google does not have it for this API key, which is not the key that it was noted with, so that it may be in another project: give a key of that ' +
      'project, or --accept-missing if you know that it was deleted',
  }
}

/** An object of the same name takes back what carries its marker, and any object may adopt by `externalID`. */
function whyInUse({ record, remotes, webhooks }: OrphanSituation): string | undefined {
  const ids = new Set([...remotes.map(({ id }) => id), ...(record.id === undefined ? [] : [record.id])])
  const user = webhooks.find(({ spec, status }) => ids.has(status?.webhook?.id ?? '') || ids.has(spec.externalID ?? ''))
  if (user !== undefined) {
    const { namespace, name } = user.metadata
    return `GeminiWebhook ${namespace}/${name} uses it, so it is no orphan any more: only its entry is left to remove`
  }
  const namesake = webhooks.find(
    ({ metadata }) => metadata.namespace === record.namespace && metadata.name === record.name,
  )
  const mayTakeItBack =
    namesake !== undefined && (record.id === undefined || namesake.status?.webhook?.id === undefined)
  if (!mayTakeItBack) return undefined
  return `GeminiWebhook ${record.namespace}/${record.name} exists again and may take it back: delete that object, or wait until its status names a webhook of its own`
}

function whyForeign({ remotes, identity }: OrphanSituation): string | undefined {
  const foreign = remotes.find((remote) => isForeign(remote, identity))?.name
  if (foreign === undefined) return undefined
  const mark = foreign.split(' ', tokenIn(foreign) === undefined ? 1 : 2).join(' ')
  return identity === undefined
    ? `it carries the marker ${mark}, and whose that is cannot be told: ConfigMap gwh-installation is missing, or was made in another cluster`
    : `it carries the marker ${mark} of another object or installation, which relies on it: delete it there`
}

function isForeign(remote: SeenRemote, identity: RemoteIdentity | undefined): boolean {
  if (identity === undefined) return markerIn(remote.name) !== undefined
  return ownerOfRemote(remote, identity) === 'another'
}
