import type { FastifyInstance } from 'fastify'

import { isObject, type JsonObject } from './json.ts'
import { encode } from './representation.ts'
import { parseJson } from './request-body.ts'
import { badRequest } from './status-error.ts'

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/** What `kubectl auth can-i` and the page of `gwh ui` ask: here one token may do everything. */
export function routeAccessReviews(app: FastifyInstance): void {
  app.post(path, (request, reply) => {
    const status = { allowed: true, reason: 'this API server has no RBAC' }
    const { contentType, bytes } = encode({ ...objectIn(String(request.body)), status })
    return reply.code(201).type(contentType).send(bytes)
  })
}

function objectIn(text: string): JsonObject {
  const parsed = parseJson(text, (problem) => badRequest(`cannot read the review: ${problem}`))
  if (isObject(parsed)) return parsed
  throw badRequest('the review is no JSON object')
}
