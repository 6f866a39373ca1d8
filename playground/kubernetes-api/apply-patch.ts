import type { ApiObject } from './api-object.ts'
import { invalidValue } from './field-error.ts'
import { isObject, type JsonObject } from './json.ts'
import { applyJsonPatch } from './patch/json-patch.ts'
import { applyMergePatch } from './patch/merge-patch.ts'
import { applyStrategicMergePatch } from './patch/strategic-merge-patch.ts'
import { parseJson } from './request-body.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { StatusError, badRequest, invalid, unsupportedMediaType } from './status-error.ts'

const jsonPatch = 'application/json-patch+json'
const mergePatch = 'application/merge-patch+json'
const strategicMergePatch = 'application/strategic-merge-patch+json'

/**
 * The object that a patch makes of another, not yet decoded or checked. Strategic merge is for built-in kinds only, as
 * in a real server. Server-side apply is not served: it is answered as an unknown media type.
 * @throws StatusError 415 for other media types, 400 for a patch that cannot be read, 422 for a JSON patch that does
 * not apply
 */
export function patchObject(resource: ResourceDefinition, type: string, body: Buffer, target: ApiObject): JsonObject {
  const accepted = resource.custom ? [jsonPatch, mergePatch] : [jsonPatch, mergePatch, strategicMergePatch]
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted)
  const patch = parseJson(body.toString(), (problem) => badRequest(`error decoding patch: ${problem}`))
  const result = type === jsonPatch ? runJsonPatch(patch, target) : runMergePatch(type, patch, target)
  return isObject(result) ? result : {}
}

function runJsonPatch(patch: unknown, target: ApiObject): unknown {
  if (!Array.isArray(patch)) {
    const what = isObject(patch) ? 'object' : typeof patch
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${what} into Go value of type []handlers.jsonPatchOp`,
    )
  }
  const outcome = applyJsonPatch(target, patch)
  if (outcome.applied) return outcome.value
  throw new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
}

function runMergePatch(type: string, patch: unknown, target: ApiObject): unknown {
  if (!isObject(patch)) {
    const what = Array.isArray(patch) ? 'array' : typeof patch
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
    )
  }
  return type === mergePatch ? applyMergePatch(target, patch) : applyStrategicMergePatch(target, patch)
}

/**
 * A patched object that cannot be decoded is an invalid patch (422), not a bad request. A real server prints the whole
 * object here; this one leaves it out, because it may be a Secret.
 */
export function asInvalidPatch(error: unknown): unknown {
  if (!(error instanceof StatusError) || error.code !== 400) return error
  const problem = error.message.replace(/^.*? cannot be handled as a \w+: /, '')
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', problem)])
}
