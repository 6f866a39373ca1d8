import { isDeepStrictEqual } from 'node:util'
import { isObject, type JsonObject } from '../json.ts'

/**
 * Lists of the built-in kinds served here that merge by a key, by field name. Every other list of objects is replaced
 * whole.
 */
const mergeKeys: Readonly<Record<string, string>> = {
  ownerReferences: 'uid',
  ports: 'port',
  secrets: 'name',
  imagePullSecrets: 'name',
  conditions: 'type',
}

/** Lists of plain values that merge as sets, by field name. */
const mergedPrimitiveLists = new Set(['finalizers'])

const directives = new Set(['$patch', '$retainKeys'])
const deleteFromList = '$deleteFromPrimitiveList/'
const setElementOrder = '$setElementOrder/'

/**
 * Strategic merge patch, as `kubectl apply` sends it for built-in kinds: maps merge, lists with a known key merge by
 * it, `$patch: delete` and `$patch: replace`, `$retainKeys` and `$deleteFromPrimitiveList/...` are obeyed. Not done:
 * the order that `$setElementOrder/...` asks for (new elements go to the end), and merge keys of kinds that are not
 * served here.
 */
export function applyStrategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  if (patch['$patch'] === 'replace') return withoutDirectives(patch)
  const before = isObject(target) ? target : {}
  const result: JsonObject = { ...before }
  for (const [name, part] of Object.entries(patch)) {
    if (directives.has(name) || name.startsWith(setElementOrder)) continue
    if (name.startsWith(deleteFromList)) removeFromList(result, name.slice(deleteFromList.length), part)
    else if (part === null) delete result[name]
    else if (isObject(part) && part['$patch'] === 'delete') delete result[name]
    else result[name] = mergeMember(name, result[name], part)
  }
  const retained = patch['$retainKeys']
  if (Array.isArray(retained)) {
    for (const name of Object.keys(result)) if (!retained.includes(name)) delete result[name]
  }
  return result
}

function mergeMember(name: string, before: unknown, part: unknown): unknown {
  if (!Array.isArray(part)) return applyStrategicMergePatch(before, part)
  const old: unknown[] = Array.isArray(before) ? before : []
  if (mergedPrimitiveLists.has(name)) return [...new Set([...old, ...part])]
  const key = mergeKeys[name]
  return key === undefined ? part : mergeList(old, part, key)
}

function mergeList(before: readonly unknown[], patch: readonly unknown[], key: string): unknown[] {
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace' && Object.keys(item).length === 1)) {
    return patch.filter((item) => !(isObject(item) && item['$patch'] === 'replace'))
  }
  const result = [...before]
  for (const item of patch) {
    if (!isObject(item)) continue
    const at = result.findIndex((one) => isObject(one) && isDeepStrictEqual(one[key], item[key]))
    if (item['$patch'] === 'delete') {
      if (at !== -1) result.splice(at, 1)
    } else if (at === -1) result.push(withoutDirectives(item))
    else result[at] = applyStrategicMergePatch(result[at], item)
  }
  return result
}

function removeFromList(target: JsonObject, name: string, values: unknown): void {
  const list = target[name]
  if (!Array.isArray(list) || !Array.isArray(values)) return
  target[name] = list.filter((item: unknown) => !values.includes(item))
}

function withoutDirectives(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !directives.has(name)))
}
