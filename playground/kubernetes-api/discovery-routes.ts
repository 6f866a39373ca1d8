import type { FastifyInstance, FastifyReply } from 'fastify'
import {
  aggregatedContentType,
  aggregatedDiscovery,
  coreVersions,
  groupList,
  groupOf,
  resourceList,
  versionInfo,
  wantsAggregated,
} from './discovery.ts'
import type { JsonObject } from './json.ts'
import { openApiDocument, openApiIndex } from './openapi.ts'
import type { Registry } from './registry.ts'
import { encode } from './representation.ts'
import { noSuchResource } from './status-error.ts'

/** Health, version, discovery in both forms, and OpenAPI v3 documents. */
export function routeDiscovery(app: FastifyInstance, registry: Registry): void {
  for (const path of ['/healthz', '/livez', '/readyz']) {
    app.get(path, (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok'))
  }
  app.get('/version', (_request, reply) => send(reply, versionInfo))
  app.get('/api', (request, reply) =>
    wantsAggregated(request.headers.accept) ? sendAggregated(reply, registry, true) : send(reply, coreVersions()),
  )
  app.get('/apis', (request, reply) =>
    wantsAggregated(request.headers.accept) ? sendAggregated(reply, registry, false) : send(reply, groupList(registry)),
  )
  app.get<{ Params: Version }>('/api/:version', ({ params }, reply) =>
    send(reply, resourceList(registry, '', params.version)),
  )
  app.get<{ Params: Group }>('/apis/:group', ({ params }, reply) => send(reply, groupOf(registry, params.group)))
  app.get<{ Params: Group & Version }>('/apis/:group/:version', ({ params }, reply) =>
    send(reply, resourceList(registry, params.group, params.version)),
  )
  app.get('/openapi/v3', (_request, reply) => send(reply, openApiIndex(registry)))
  app.get<{ Params: Version }>('/openapi/v3/api/:version', ({ params }, reply) =>
    send(reply, openApiDocument(registry, '', params.version)),
  )
  app.get<{ Params: Group & Version }>('/openapi/v3/apis/:group/:version', ({ params }, reply) =>
    send(reply, openApiDocument(registry, params.group, params.version)),
  )
}

interface Version {
  version: string
}
interface Group {
  group: string
}

function send(reply: FastifyReply, body: JsonObject | undefined): FastifyReply {
  if (body === undefined) throw noSuchResource()
  const { contentType, bytes } = encode(body)
  return reply.type(contentType).send(bytes)
}

/** Past fastify, which would rewrite the parameters of the media type; kubectl compares them literally. */
function sendAggregated(reply: FastifyReply, registry: Registry, isCore: boolean): FastifyReply {
  const { bytes } = encode(aggregatedDiscovery(registry, isCore))
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': aggregatedContentType, 'content-length': bytes.length })
  reply.raw.end(bytes)
  return reply
}
