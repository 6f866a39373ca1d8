import { sumDuration } from '../../sum-duration.ts'
import { geminiRouteKind, geminiWebhookKind } from '../../api/kind.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import type { KubernetesClient, ObjectKey } from '../../kubernetes/client.ts'
import { otherKindOf } from '../other-kind.ts'
import { locateBy, webhookOrRoute, type NamedObject, type ObjectsConfig } from '../places.ts'
import type { UserCommandDeps } from '../user-command.ts'

interface Criteria {
  readonly webhook: string | undefined
  readonly sink: string | undefined
  readonly eventId: string | undefined
  readonly type?: string | undefined
  readonly reason?: string | undefined
  readonly cause?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** Fields of the admin API. */
export type Selection = Partial<Record<(typeof fields)[number], string>>

const fields = ['namespace', 'name', 'sink', 'eventId', 'type', 'reason', 'cause', 'since', 'until'] as const
const criteria = ['webhook', 'sink', 'eventId', 'type', 'reason', 'cause', 'since', 'until'] as const

/** Which deliveries are meant, and where the receivers are that have them. */
export interface Selected {
  readonly operatorNamespace: string
  readonly fields: Selection
  /** Of the objects; undefined: all, or the one object that `fields` names. */
  readonly namespace: string | undefined
}

export interface SelectionConfig extends Criteria, ObjectsConfig {
  readonly operatorNamespace: string | undefined
}

/** Whether anything but a namespace was given. */
export function isSelecting(config: Criteria): boolean {
  return criteria.some((field) => config[field] !== undefined)
}

/** What the flags of a command mean. */
export async function selectionOf(
  config: SelectionConfig,
  command: string,
  deps: Pick<UserCommandDeps, 'err' | 'cluster' | 'clock'>,
): Promise<Selected> {
  const { webhook } = config
  const client = await deps.cluster(config)
  try {
    const places = await locateBy(client, config, { command, otherwise: 'context', object: webhook }, deps)
    const named = webhook === undefined ? undefined : await webhookOrRoute(webhook, { ...config, ...places })
    if (named !== undefined)
      await noteOtherKind(named, { client, note: (text) => deps.err(`gwh ${command}: ${text}\n`) })
    const namespace = named === undefined ? places.namespace : undefined
    return { ...places, namespace, fields: fieldsOf(config, named && ownerKey(named), deps.clock.now()) }
  } finally {
    await client.close()
  }
}

/** As the inbox names what its events belong to. */
function ownerKey({ namespace, name, isRoute }: NamedObject): ObjectKey {
  return { namespace, name: isRoute ? routeOwnerName(name) : name }
}

/** What is gone may have left deliveries: of an object that does not exist, it is noted only if it was misnamed. */
async function noteOtherKind(
  named: NamedObject,
  { client, note }: { client: KubernetesClient; note: (text: string) => void },
): Promise<void> {
  const { namespace, name, isRoute } = named
  const kind = isRoute ? geminiRouteKind : geminiWebhookKind
  const isThere = await client.get(kind, { namespace, name }).then(
    (found) => found !== undefined,
    // Who may not look is not told that it is absent.
    () => true,
  )
  if (isThere) return
  const other = await otherKindOf(named, client)
  if (other !== '') note(`${kind.kind} ${namespace}/${name}: does not exist${other}`)
}

function fieldsOf(config: Criteria, key: ObjectKey | undefined, nowMs: number): Selection {
  const { sink, eventId, type, reason, cause } = config
  const [since, until] = [config.since, config.until].map((moment) => timeOf(moment, nowMs))
  const given = { ...key, sink, eventId, type, reason, cause, since, until }
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** `1h` is an hour ago. */
function timeOf(moment: string | undefined, nowMs: number): string | undefined {
  if (moment === undefined || moment.includes('T')) return moment
  return new Date(nowMs - sumDuration(moment)).toISOString()
}
