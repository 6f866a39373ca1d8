import { isDeepStrictEqual } from 'node:util'
import { isObject, type JsonObject } from '../json.ts'

export type JsonPatchOutcome = { applied: true; value: unknown } | { applied: false }

/**
 * RFC 6902 on a copy of the target, with the one licence that a real server takes: `replace` of an absent member of an
 * object adds it. A failed test, a missing path or an unknown operation applies nothing at all.
 */
export function applyJsonPatch(target: unknown, operations: readonly unknown[]): JsonPatchOutcome {
  const root = { document: structuredClone(target) }
  const applied = operations.every((operation) => isObject(operation) && applyOperation(root, operation))
  return applied ? { applied, value: root.document } : { applied }
}

interface Root {
  document: unknown
}

function applyOperation(root: Root, operation: JsonObject): boolean {
  const { op, path, from, value } = operation
  const to = parsePointer(path)
  if (to === undefined) return false
  switch (op) {
    case 'add':
      return 'value' in operation && add(root, to, structuredClone(value))
    case 'replace':
      return 'value' in operation && replace(root, to, structuredClone(value))
    case 'remove':
      return remove(root, to)
    case 'test': {
      const found = read(root, to)
      return found.exists ? isDeepStrictEqual(found.value, value) : value === null
    }
    case 'move':
    case 'copy': {
      const source = parsePointer(from)
      if (source === undefined) return false
      const found = read(root, source)
      if (!found.exists) return false
      if (op === 'move' && !remove(root, source)) return false
      return add(root, to, structuredClone(found.value))
    }
    default:
      return false
  }
}

function parsePointer(pointer: unknown): string[] | undefined {
  if (pointer === '') return []
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

type Found = { exists: true; value: unknown } | { exists: false }

function read(root: Root, path: readonly string[]): Found {
  let current = root.document
  for (const step of path) {
    if (Array.isArray(current)) {
      const index = indexOf(step, current.length - 1)
      if (index === undefined) return { exists: false }
      current = current[index]
    } else if (isObject(current) && Object.hasOwn(current, step)) current = current[step]
    else return { exists: false }
  }
  return { exists: true, value: current }
}

function indexOf(step: string, max: number): number | undefined {
  if (!/^(0|[1-9]\d*)$/.test(step)) return undefined
  const index = Number(step)
  return index <= max ? index : undefined
}

function parentOf(root: Root, path: readonly string[]): { parent: unknown; last: string } | undefined {
  const last = path.at(-1)
  const parent = read(root, path.slice(0, -1))
  return last === undefined || !parent.exists ? undefined : { parent: parent.value, last }
}

function add(root: Root, path: readonly string[], value: unknown): boolean {
  if (path.length === 0) {
    root.document = value
    return true
  }
  const place = parentOf(root, path)
  if (place === undefined) return false
  const { parent, last } = place
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : indexOf(last, parent.length)
    if (index === undefined) return false
    parent.splice(index, 0, value)
    return true
  }
  if (!isObject(parent)) return false
  parent[last] = value
  return true
}

function replace(root: Root, path: readonly string[], value: unknown): boolean {
  const place = parentOf(root, path)
  if (place !== undefined && Array.isArray(place.parent)) {
    const index = indexOf(place.last, place.parent.length - 1)
    if (index === undefined) return false
    place.parent[index] = value
    return true
  }
  return add(root, path, value)
}

function remove(root: Root, path: readonly string[]): boolean {
  const place = parentOf(root, path)
  if (place === undefined) return false
  const { parent, last } = place
  if (Array.isArray(parent)) {
    const index = indexOf(last, parent.length - 1)
    if (index === undefined) return false
    parent.splice(index, 1)
    return true
  }
  if (!isObject(parent) || !Object.hasOwn(parent, last)) return false
  delete parent[last]
  return true
}
