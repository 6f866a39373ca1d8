import type { Clock } from '../clock.ts'
import { mintId, mintSecret } from './mint.ts'
import { pageSizeOf, readPageToken, writePageToken } from './paging.ts'
import {
  answered,
  conflict,
  failedPrecondition,
  invalidArgument,
  notFound,
  resourceExhausted,
  type Answer,
} from './problem.ts'
import type { WebhookStore } from './store.ts'
import type { Switches } from './switches.ts'
import { checkCreate, checkRevocation, checkUpdate } from './validate-webhook.ts'
import {
  newWebhook,
  rotateSecret,
  toWire,
  updateWebhook,
  type WebhookInput,
  type WebhookRecord,
} from './webhook-record.ts'

export interface Service {
  store: WebhookStore
  clock: Clock
  switches: () => Switches
}

/** One call: whose webhooks, and how old a state a read may show (on top of the switches). */
export interface Caller {
  space: string
  lagMs: number
}

/** Of a list of webhooks. */
const maxPageSize = 1000

const show = (service: Service, record: WebhookRecord) =>
  toWire(record, { nowMs: service.clock.now(), switches: service.switches() })

const missing = (id: string) => notFound(`Webhook '${id}' not found.`)

export function createWebhook(service: Service, { space }: Caller, body: unknown): Answer<Record<string, unknown>> {
  const { store, clock, switches } = service
  const input = checkCreate(body, switches())
  if (!input.ok) return input
  const refusal = tooMany(service, space) ?? duplicate(service, space, input.value)
  if (refusal !== undefined) return refusal
  const secret = mintSecret(switches())
  const record = newWebhook(mintId(), input.value, secret, clock.now())
  store.put(space, record, clock.now())
  return answered({ ...show(service, record), new_signing_secret: secret })
}

function tooMany({ store, switches }: Service, space: string): Answer<never> | undefined {
  const { maxWebhooksPerProject: limit } = switches()
  if (limit === 0 || store.list(space).length < limit) return undefined
  return resourceExhausted(`The project already has ${limit} webhooks.`, 0)
}

function duplicate({ store, switches }: Service, space: string, input: WebhookInput): Answer<never> | undefined {
  const { duplicates } = switches()
  if (duplicates === 'allowed') return undefined
  const twin = store
    .list(space)
    .find(({ name, uri }) => uri === input.uri || (name !== undefined && name === input.name))
  if (twin === undefined) return undefined
  const message = 'A webhook with this uri or name already exists.'
  return duplicates === 'conflict' ? conflict(message) : invalidArgument(message)
}

export function listWebhooks(
  service: Service,
  { space, lagMs }: Caller,
  query: { page_size?: unknown; page_token?: unknown },
): Answer<Record<string, unknown>> {
  const pageSize = pageSizeOf(query.page_size, maxPageSize)
  const after = readPageToken(query.page_token)
  if (pageSize === undefined) return invalidArgument("Invalid value for 'page_size'.")
  if (after === undefined) return invalidArgument("Invalid value for 'page_token'.")
  const asOfMs = service.clock.now() - service.switches().listLagMs - lagMs
  const all = service.store.list(space, asOfMs)
  const page = all.slice(after, after + pageSize)
  const next = after + pageSize
  return answered({
    ...(page.length > 0 && { webhooks: page.map((record) => show(service, record)) }),
    ...(next < all.length && { next_page_token: writePageToken(next) }),
  })
}

export function getWebhook(service: Service, caller: Caller, id: string): Answer<Record<string, unknown>> {
  const asOfMs = service.clock.now() - service.switches().readLagMs - caller.lagMs
  const record = service.store.get(caller.space, id, asOfMs)
  return record === undefined ? missing(id) : answered(show(service, record))
}

export function updateWebhookById(
  service: Service,
  { space }: Caller,
  request: { id: string; body: unknown; mask: string | undefined },
): Answer<Record<string, unknown>> {
  const { store, clock, switches } = service
  const record = store.get(space, request.id)
  if (record === undefined) return missing(request.id)
  const changes = checkUpdate(request.body, request.mask, record, switches())
  if (!changes.ok) return changes
  const updated = updateWebhook(record, changes.value, clock.now())
  store.put(space, updated, clock.now())
  return answered(show(service, updated))
}

export function deleteWebhook(
  { store, clock }: Service,
  { space }: Caller,
  id: string,
): Answer<Record<string, unknown>> {
  if (store.get(space, id) === undefined) return missing(id)
  store.remove(space, id, clock.now())
  return answered({})
}

export function rotateSigningSecret(
  service: Service,
  { space }: Caller,
  request: { id: string; body: unknown },
): Answer<{ secret: string }> {
  const { store, clock, switches } = service
  const record = store.get(space, request.id)
  if (record === undefined) return missing(request.id)
  const behavior = checkRevocation(request.body, switches())
  if (!behavior.ok) return behavior
  if (record.state !== 'enabled' && switches().rotateWhileDisabled === 'refused') {
    return failedPrecondition('The webhook is not enabled.')
  }
  const secret = mintSecret(switches())
  const context = { nowMs: clock.now(), switches: switches() }
  store.put(space, rotateSecret(record, secret, behavior.value, context), clock.now())
  return answered({ secret })
}
