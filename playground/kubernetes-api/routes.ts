import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { asInvalidPatch, patchObject } from './apply-patch.ts'
import { decodeObject } from './decode.ts'
import { deleteObject } from './delete.ts'

import type { JsonObject } from './json.ts'
import { parseListQuery, parseWriteQuery } from './query.ts'
import { listObjects } from './read.ts'
import { encode, negotiate, renderList, renderObject } from './representation.ts'
import { mediaType, readDeleteOptions, readObject } from './request-body.ts'
import { parseResourcePath, type ResourcePath } from './resource-path.ts'
import { badRequest, methodNotAllowed, notFound } from './status-error.ts'
import { streamWatch } from './watch.ts'
import { createObject, resourceName, updateObject, type ApiState, type WriteTarget, type Written } from './write.ts'

interface Call {
  state: ApiState
  path: ResourcePath
  query: URLSearchParams
  request: FastifyRequest
  reply: FastifyReply
  /** Aborts when the server stops: open watches end. */
  stopping: AbortSignal
}

/** Serves every resource of the registry under `/api` and `/apis`; what is served may change while the server runs. */
export function routeResources(app: FastifyInstance, state: ApiState, stopping: AbortSignal): void {
  const handle = (request: FastifyRequest, reply: FastifyReply) => {
    const url = new URL(request.url, 'http://embedded')
    const path = parseResourcePath(state.registry, url.pathname)
    if (path === undefined || isCreateNowhere(request.method, path)) return notServed(reply)
    return serve({ state, path, query: url.searchParams, request, reply, stopping })
  }
  app.all('/api/*', handle)
  app.all('/apis/*', handle)
}

/** Namespaced objects are created in a namespace: the list of all of them takes no POST. */
function isCreateNowhere(method: string, { resource, namespace, name }: ResourcePath): boolean {
  return method === 'POST' && resource.namespaced && namespace === undefined && name === undefined
}

/** What a real server says about a path that it does not know. */
export function notServed(reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/plain; charset=utf-8').send('404 page not found\n')
}

function serve(call: Call): FastifyReply {
  const isItem = call.path.name !== undefined
  switch (call.request.method) {
    case 'GET':
    case 'HEAD':
      return isItem ? getItem(call) : getCollection(call)
    case 'POST':
      if (isItem) throw methodNotAllowed()
      return create(call)
    case 'PUT':
      return replace(call)
    case 'PATCH':
      return patch(call)
    case 'DELETE':
      return isItem ? remove(call) : removeCollection(call)
    default:
      throw methodNotAllowed()
  }
}

function respond(
  { reply, request }: Call,
  body: JsonObject,
  { code = 200, warnings = [] as string[] } = {},
): FastifyReply {
  const { format } = negotiate(request.headers.accept, null)
  const { contentType, bytes } = encode(body, format)
  if (warnings.length > 0) {
    reply.header(
      'warning',
      warnings.map((warning) => `299 - ${JSON.stringify(warning)}`),
    )
  }
  return reply.code(code).type(contentType).send(bytes)
}

function getItem(call: Call): FastifyReply {
  const { state, path, query } = call
  const { resource, namespace = '' } = path
  const name = nameOf(path)
  const representation = negotiate(call.request.headers.accept, query.get('includeObject'))
  const stored = state.store.get(resource.storageKey, namespace, name)
  if (stored === undefined) throw notFound(resourceName(resource), name)
  return respond(call, renderObject(resource, resource.fromStored(stored), representation, state.clock.now()))
}

function getCollection(call: Call): FastifyReply {
  const { state, path, query, reply, request } = call
  const { resource, namespace } = path
  const list = parseListQuery(query)
  const representation = negotiate(request.headers.accept, query.get('includeObject'))
  if (list.isWatch) {
    const watch = { resource, namespace, query: list, representation }
    streamWatch(state, watch, hijacked(reply), call.stopping)
    return reply
  }
  const found = listObjects(state.store, resource, namespace, list)
  return respond(call, renderList(resource, found, representation, state.clock.now()))
}

function hijacked(reply: FastifyReply): () => FastifyReply['raw'] {
  return () => {
    reply.hijack()
    return reply.raw
  }
}

function create(call: Call): FastifyReply {
  const { state, path, query, request } = call
  const { dryRun, fieldValidation } = parseWriteQuery(query, 'CreateOptions')
  const target = targetOf(path, dryRun)
  const sent = readObject(path.resource, request.headers['content-type'], bodyOf(request))
  const written = createObject(state, target, decodeObject(path.resource, sent, fieldValidation))
  return respondWritten(call, written, 201)
}

function replace(call: Call): FastifyReply {
  const { state, path, query, request } = call
  const { dryRun, fieldValidation } = parseWriteQuery(query, 'UpdateOptions')
  const name = nameOf(path)
  const sent = readObject(path.resource, request.headers['content-type'], bodyOf(request))
  const decoded = decodeObject(path.resource, sent, fieldValidation)
  return respondWritten(call, updateObject(state, targetOf(path, dryRun), name, decoded, 'replace'), 200)
}

function patch(call: Call): FastifyReply {
  const { state, path, query, request } = call
  const { resource } = path
  const { dryRun, fieldValidation } = parseWriteQuery(query, 'PatchOptions')
  const name = nameOf(path)
  const target = targetOf(path, dryRun)
  const stored = state.store.get(resource.storageKey, target.namespace, name)
  const type = mediaType(request.headers['content-type'])
  // The media type is judged even for a missing object, on an empty one.
  const empty = { apiVersion: '', kind: '', metadata: { name } }
  const current = stored === undefined ? empty : resource.fromStored(stored)
  const patched = patchObject(resource, type, bodyOf(request), current)
  if (stored === undefined) throw notFound(resourceName(resource), name)
  const decode = () => decodeObject(resource, patched, fieldValidation)
  return respondWritten(call, updateObject(state, target, name, decodePatched(decode), 'patch'), 200)
}

function decodePatched<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw asInvalidPatch(error)
  }
}

function respondWritten(call: Call, { object, warnings }: Written, code: number): FastifyReply {
  const { path, state, request, query } = call
  const representation = negotiate(request.headers.accept, query.get('includeObject'))
  return respond(call, renderObject(path.resource, object, representation, state.clock.now()), { code, warnings })
}

function remove(call: Call): FastifyReply {
  const { state, path, query, request } = call
  if (path.subresource !== undefined) throw methodNotAllowed()
  const { dryRun } = parseWriteQuery(query, 'DeleteOptions')
  const body = deleteObject(state, targetOf(path, dryRun), nameOf(path), readDeleteOptions(bodyOf(request)))
  return respond(call, body)
}

function removeCollection(call: Call): FastifyReply {
  const { state, path, query } = call
  const { resource, namespace } = path
  const { dryRun } = parseWriteQuery(query, 'DeleteOptions')
  const found = listObjects(state.store, resource, namespace, parseListQuery(query))
  for (const { metadata } of found.items) {
    const target = { resource, namespace: metadata.namespace ?? '', dryRun }
    deleteObject(state, target, metadata.name, {})
  }
  const list = { ...found, resourceVersion: String(state.store.version) }
  const representation = negotiate(call.request.headers.accept, query.get('includeObject'))
  return respond(call, renderList(resource, list, representation, state.clock.now()))
}

function targetOf({ resource, namespace, subresource }: ResourcePath, dryRun: boolean): WriteTarget {
  return { resource, namespace: namespace ?? '', dryRun, ...(subresource !== undefined && { subresource }) }
}

function nameOf({ name }: ResourcePath): string {
  if (name === undefined) throw badRequest('name must be provided')
  return name
}

function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}
