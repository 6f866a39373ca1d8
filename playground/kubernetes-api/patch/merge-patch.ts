import { isObject, type JsonObject } from '../json.ts'

/** RFC 7386: null removes, objects merge, everything else replaces. The target stays as it is. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: JsonObject = isObject(target) ? { ...target } : {}
  for (const [name, part] of Object.entries(patch)) {
    if (part === null) delete result[name]
    else result[name] = applyMergePatch(result[name], part)
  }
  return result
}
