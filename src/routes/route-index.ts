import { wantsMetadata, wantsType } from '../filter/plain-filter.ts'
import { metadataOf, metadataText, readEvent, type JsonObject } from '../filter/read-event.ts'
import type { NewEvent } from '../inbox/port.ts'
import { type AttachedRoute, maySee } from './attached-route.ts'

/** Routes of one sort of types, by one pair of metadata that they ask for. */
interface Bucket {
  /** By key, then by value. */
  readonly byPair: Map<string, Map<string, AttachedRoute[]>>
  /** Those that ask for no value of the metadata. */
  readonly others: AttachedRoute[]
}

/**
 * The routes of one webhook, found by the type of an event and one value of its metadata: what does not match costs
 * nothing. Each that is found this way is judged by all that it asks for. Expressions are not looked at here.
 */
export class RouteIndex {
  readonly #ofAnyType = emptyBucket()
  readonly #byType = new Map<string, Bucket>()
  readonly #byPrefix = new Map<string, Bucket>()
  readonly #prefixLengths = new Set<number>()

  constructor(routes: Iterable<AttachedRoute>) {
    for (const route of routes) for (const bucket of this.#bucketsOf(route)) put(bucket, route)
  }

  /** Each route that gets the event, once. `type`: as the envelope of the event tells it. */
  matching(event: Pick<NewEvent, 'body' | 'receivedAtMs'>, type: string): AttachedRoute[] {
    let read: JsonObject | undefined
    const metadata = () => (read ??= metadataOf(readEvent(type, event.body)))
    const found = new Set<AttachedRoute>()
    for (const bucket of this.#bucketsFor(type)) {
      for (const route of candidatesIn(bucket, metadata)) {
        if (!found.has(route) && isFor(route, { type, metadata, receivedAtMs: event.receivedAtMs })) found.add(route)
      }
    }
    return [...found]
  }

  /** Where it stands: in one bucket for each type or prefix of types that it asks for. */
  #bucketsOf({ route: { filter, allowedTypes } }: AttachedRoute): Bucket[] {
    const { typesExact = [], typesPrefix = [] } = filter ?? {}
    if (allowedTypes !== undefined) {
      const seen = new Set(allowedTypes.filter((type) => wantsType({ typesExact, typesPrefix }, type)))
      return [...seen].map((type) => bucketIn(this.#byType, type))
    }
    if (typesExact.length + typesPrefix.length === 0) return [this.#ofAnyType]
    for (const prefix of typesPrefix) this.#prefixLengths.add(prefix.length)
    return [
      ...[...new Set(typesExact)].map((type) => bucketIn(this.#byType, type)),
      ...[...new Set(typesPrefix)].map((prefix) => bucketIn(this.#byPrefix, prefix)),
    ]
  }

  *#bucketsFor(type: string): Generator<Bucket> {
    yield this.#ofAnyType
    const exact = this.#byType.get(type)
    if (exact !== undefined) yield exact
    for (const length of this.#prefixLengths) {
      const bucket = length <= type.length ? this.#byPrefix.get(type.slice(0, length)) : undefined
      if (bucket !== undefined) yield bucket
    }
  }
}

interface JudgedEvent {
  readonly type: string
  readonly receivedAtMs: number
  /** Read when the first route asks for it. */
  readonly metadata: () => JsonObject
}

/** Pure: all that the route asks for, and all that its attachment allows. */
function isFor({ route }: AttachedRoute, { type, receivedAtMs, metadata }: JudgedEvent): boolean {
  const { filter, since } = route
  if (route.refused === true || !(receivedAtMs >= Date.parse(since)) || !maySee(route, type)) return false
  return filter === undefined || (wantsType(filter, type) && wantsMetadata(filter, metadata))
}

function* candidatesIn({ byPair, others }: Bucket, metadata: () => JsonObject): Generator<AttachedRoute> {
  yield* others
  for (const [key, byValue] of byPair) {
    const value = metadataText(metadata(), key)
    if (value !== undefined) yield* byValue.get(value) ?? []
  }
}

/** The first pair that it asks for is as good as any: the others are looked at with the event. */
function put({ byPair, others }: Bucket, attached: AttachedRoute): void {
  const [pair] = Object.entries(attached.route.filter?.metadataExact ?? {})
  if (pair === undefined) {
    others.push(attached)
    return
  }
  const [key, value] = pair
  const byValue = byPair.get(key) ?? new Map<string, AttachedRoute[]>()
  byPair.set(key, byValue)
  const routes = byValue.get(value)
  if (routes === undefined) byValue.set(value, [attached])
  else routes.push(attached)
}

function bucketIn(buckets: Map<string, Bucket>, name: string): Bucket {
  const known = buckets.get(name)
  if (known !== undefined) return known
  const bucket = emptyBucket()
  buckets.set(name, bucket)
  return bucket
}

function emptyBucket(): Bucket {
  return { byPair: new Map(), others: [] }
}
