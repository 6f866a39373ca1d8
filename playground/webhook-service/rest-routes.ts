import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { DeliveryEngine } from './delivery-engine.ts'
import { pingBody } from './events.ts'
import { newEventId } from './emit-event.ts'
import { answered, notFound, type Answer } from './problem.ts'
import type { AuthenticatedCall, CallServer } from './serve-call.ts'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateSigningSecret,
  updateWebhookById,
  type Service,
} from './webhook-operations.ts'
import { rfc3339 } from './webhook-record.ts'

/** Both versions serve the same operations; anything else is unknown to the service. */
export const versionPath = '/:version(^v1$|^v1beta$)'

type Params = Record<string, string>
const params = (request: FastifyRequest) => request.params as Params

/** The seven operations on webhooks, under `/v1` and `/v1beta`. */
export function registerWebhookRoutes(
  app: FastifyInstance,
  deps: { service: Service; engine: DeliveryEngine; calls: CallServer },
): void {
  const { service, calls } = deps
  const collection = `${versionPath}/webhooks`
  const item = `${collection}/:id`

  app.post(collection, (request, reply) =>
    calls.serve(request, reply, {
      verb: 'create',
      version: versionOf(request),
      operation: (call) => createWebhook(service, call, call.body),
    }),
  )
  app.get(collection, (request, reply) =>
    calls.serve(request, reply, {
      verb: 'list',
      version: versionOf(request),
      operation: (call) => listWebhooks(service, call, call.query),
    }),
  )
  app.get(item, (request, reply) => {
    const id = idOf(request)
    const operation = (call: AuthenticatedCall) => getWebhook(service, call, id)
    return calls.serve(request, reply, { verb: 'get', version: versionOf(request), webhookId: id, operation })
  })
  app.patch(item, (request, reply) => {
    const id = idOf(request)
    const operation = (call: AuthenticatedCall) =>
      updateWebhookById(service, call, { id, body: call.body, mask: maskOf(call.query) })
    return calls.serve(request, reply, { verb: 'update', version: versionOf(request), webhookId: id, operation })
  })
  app.delete(item, (request, reply) => {
    const id = idOf(request)
    const operation = (call: AuthenticatedCall) => deleteWebhook(service, call, id)
    return calls.serve(request, reply, { verb: 'delete', version: versionOf(request), webhookId: id, operation })
  })

  const rotate = (request: FastifyRequest, reply: FastifyReply, id: string) => {
    const operation = (call: AuthenticatedCall) => rotateSigningSecret(service, call, { id, body: call.body })
    const version = versionOf(request)
    return calls.serve(request, reply, { verb: 'rotateSigningSecret', version, webhookId: id, operation })
  }
  app.post(item, (request, reply) => {
    const [, id = '', method = ''] = /^(.*):([A-Za-z]+)$/.exec(idOf(request)) ?? []
    if (method === 'rotateSigningSecret') return rotate(request, reply, id)
    if (method !== 'ping') return reply.callNotFound()
    const operation = (call: AuthenticatedCall) => ping(deps, call, id)
    return calls.serve(request, reply, { verb: 'ping', version: versionOf(request), webhookId: id, operation })
  })
  app.post(`${item}/rotate_secret`, (request, reply) =>
    service.switches().rotateSecretAlias === 'alias' ? rotate(request, reply, idOf(request)) : reply.callNotFound(),
  )
}

const versionOf = (request: FastifyRequest) => params(request)['version'] ?? ''
const idOf = (request: FastifyRequest) => params(request)['id'] ?? ''
const maskOf = ({ update_mask: mask }: Record<string, unknown>) => (typeof mask === 'string' ? mask : undefined)

/** Answers at once whatever the endpoint is like: the delivery comes later, or not at all. */
function ping(
  { service, engine }: { service: Service; engine: DeliveryEngine },
  { space }: AuthenticatedCall,
  id: string,
): Answer {
  if (service.store.get(space, id) === undefined) return notFound(`Webhook '${id}' not found.`)
  const settings = service.switches()
  engine.enqueue({
    eventId: newEventId(),
    eventType: settings.pingType,
    body: pingBody(settings, rfc3339(service.clock.now()), id),
    target: { kind: 'static', space, webhookId: id },
    isPing: true,
  })
  return answered({})
}
