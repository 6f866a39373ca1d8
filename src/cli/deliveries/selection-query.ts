import { sumDuration } from '../../sum-duration.ts'
import type { ObjectKey } from '../../kubernetes/client.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import { locate, webhookOrRoute, type ObjectsConfig } from '../places.ts'
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
  const places = await locate(config, { command, otherwise: 'context', object: webhook }, deps)
  const key = webhook === undefined ? undefined : await ownerKey(webhook, { ...config, ...places })
  const namespace = key === undefined ? places.namespace : undefined
  return { ...places, namespace, fields: fieldsOf(config, key, deps.clock.now()) }
}

/** As the inbox names what its events belong to. */
async function ownerKey(text: string, config: ObjectsConfig): Promise<ObjectKey> {
  const { namespace, name, isRoute } = await webhookOrRoute(text, config)
  return { namespace, name: isRoute ? routeOwnerName(name) : name }
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
