/** What a namespace has in the inbox. */
export interface NamespaceUsage {
  /** Whose body is kept. */
  events: number
  /** Of the bodies. */
  bytes: number
  deadLetters: number
  rememberedIds: number
}

/** What one object has, as a driver counts it. */
export interface Counted {
  readonly namespace: string
  readonly events: number
  readonly bodyBytes: number
  readonly deadLetters: number
  readonly rememberedIds: number
}

/** Pure: the sums by namespace; those who have nothing are left out. */
export function usageByNamespace(objects: Iterable<Counted>): Map<string, NamespaceUsage> {
  const byNamespace = new Map<string, NamespaceUsage>()
  for (const { namespace, events, bodyBytes, deadLetters, rememberedIds } of objects) {
    if (events === 0 && rememberedIds === 0) continue
    let sum = byNamespace.get(namespace)
    if (sum === undefined) byNamespace.set(namespace, (sum = { events: 0, bytes: 0, deadLetters: 0, rememberedIds: 0 }))
    sum.events += events
    sum.bytes += bodyBytes
    sum.deadLetters += deadLetters
    sum.rememberedIds += rememberedIds
  }
  return byNamespace
}
