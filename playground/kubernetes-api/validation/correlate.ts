import { isObject, sortedJson } from '../json.ts'
import type { Schema } from '../schema.ts'

/**
 * Finds, for an item of a list, the item of the old list that it replaces: by its keys for `list-type=map`, by value
 * for `set`; items of an atomic list have no past. Both change validation of updates: what did not change is not judged
 * again, and transition rules need it.
 */
export function correlateItems(schema: Schema, old: unknown): (item: unknown) => unknown {
  const listType = schema['x-kubernetes-list-type']
  if (!Array.isArray(old) || (listType !== 'map' && listType !== 'set')) return () => undefined
  const identify = listType === 'map' ? (item: unknown) => keyOfMapItem(schema, item) : sortedJson
  const byKey = new Map(old.map((item: unknown) => [identify(item), item]))
  return (item) => byKey.get(identify(item))
}

/** The key of an item of a map list as JSON, absent keys left out as a real server does. */
export function keyOfMapItem(schema: Schema, item: unknown): string {
  if (!isObject(item)) return ''
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  return sortedJson(Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]])))
}
