import type { ServerResponse } from 'node:http'
import type { ApiObject } from './api-object.ts'
import type { JsonObject } from './json.ts'
import type { Change } from './object-store.ts'
import type { ListQuery } from './query.ts'
import { selectorOf, type ObjectFilter } from './read.ts'
import { renderObject, type Representation } from './representation.ts'
import { apiVersionOf, type ResourceDefinition } from './resource-definition.ts'
import { expired } from './status-error.ts'
import type { ApiState } from './write.ts'

export interface WatchRequest {
  resource: ResourceDefinition
  namespace: string | undefined
  query: ListQuery
  representation: Representation
}

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: JsonObject
}

/**
 * How often a watch that allows it is told the current version, so that a quiet one can resume from near the present.
 */
const bookmarkIntervalMs = 60_000
/** A watch without a timeout of its own ends after this long, times 1 to 2 at random. */
const defaultTimeoutMs = 30 * 60_000
/** A client that reads too slowly is cut off once this much waits for it; it can resume. */
const maxBufferedBytes = 16 * 1024 * 1024

/**
 * Streams changes until the client goes, the timeout passes or `signal` aborts. Begins with what is there (no version,
 * or 0, or `sendInitialEvents`) or after the version asked for; a version older than the history is answered with an
 * ERROR event of code 410. `begin` takes over the response; before it is called a refusal can still be answered with a
 * status.
 * @throws StatusError 400 for a selector that does not parse
 */
export function streamWatch(
  state: ApiState,
  request: WatchRequest,
  begin: () => ServerResponse,
  signal: AbortSignal,
): void {
  const { store, clock } = state
  const { query } = request
  const matches = selectorOf(request.resource, query)
  const response = begin()
  response.writeHead(200, { 'content-type': 'application/json', date: new Date(clock.now()).toUTCString() })
  response.flushHeaders()
  const send = (event: WatchEvent) => {
    response.write(`${JSON.stringify(event)}\n`)
    if (response.writableLength > maxBufferedBytes) response.destroy()
  }
  const stops: (() => void)[] = []
  const stop = () => {
    for (const one of stops.splice(0)) one()
    if (!response.writableEnded) response.end()
  }
  response.on('close', stop)
  const initial = initialEvents(state, request, matches)
  for (const event of initial.events) send(event)
  if (initial.isOver) return stop()
  const onChange = (change: Change) => {
    const event = eventOf(request, matches, change, clock.now())
    if (event !== undefined) send(event)
  }
  stops.push(store.subscribe((change) => change.storageKey === request.resource.storageKey && onChange(change)))
  stops.push(clock.after(timeoutMs(query, state.random), stop))
  if (query.allowBookmarks) stops.push(everyInterval(state, () => send(bookmark(request, store.version, false))))
  signal.addEventListener('abort', stop, { once: true })
  stops.push(() => signal.removeEventListener('abort', stop))
}

function timeoutMs({ timeoutSeconds }: ListQuery, random: () => number): number {
  return timeoutSeconds === undefined || timeoutSeconds <= 0 ? defaultTimeoutMs * (1 + random()) : timeoutSeconds * 1000
}

function everyInterval({ clock }: ApiState, act: () => void): () => void {
  let cancel = clock.after(bookmarkIntervalMs, tick)
  function tick() {
    act()
    cancel = clock.after(bookmarkIntervalMs, tick)
  }
  return () => cancel()
}

function initialEvents(
  { store, clock }: ApiState,
  request: WatchRequest,
  matches: ObjectFilter,
): { events: WatchEvent[]; isOver: boolean } {
  const { resource, namespace, query } = request
  const startsNow = query.resourceVersion === '' || query.resourceVersion === '0'
  if (startsNow || query.sendInitialEvents) {
    const events = store
      .list(resource.storageKey, namespace)
      .map((object) => resource.fromStored(object))
      .filter(matches)
      .map((object) => toEvent(request, 'ADDED', object, clock.now()))
    const isEndWanted = query.sendInitialEvents && query.allowBookmarks
    return { events: isEndWanted ? [...events, bookmark(request, store.version, true)] : events, isOver: false }
  }
  const from = Number(query.resourceVersion)
  const changes = store.changesSince(resource.storageKey, from)
  if (changes === undefined) {
    const error = expired(`too old resource version: ${from} (${store.oldestResumable})`)
    return { events: [{ type: 'ERROR', object: error.toStatus() }], isOver: true }
  }
  const events = changes.flatMap((change) => eventOf(request, matches, change, clock.now()) ?? [])
  return { events, isOver: false }
}

/**
 * What a change means to a watch with a selector: an object that stops matching is DELETED for it, one that begins to
 * is ADDED.
 */
function eventOf(request: WatchRequest, matches: ObjectFilter, change: Change, now: number): WatchEvent | undefined {
  const { resource, namespace } = request
  if (namespace !== undefined && (change.object.metadata.namespace ?? '') !== namespace) return undefined
  const object = resource.fromStored(change.object)
  const previous = change.previous === undefined ? undefined : resource.fromStored(change.previous)
  const isIn = change.type !== 'DELETED' && matches(object)
  const wasIn = previous !== undefined && matches(previous)
  if (isIn) return toEvent(request, wasIn ? 'MODIFIED' : 'ADDED', object, now)
  if (!wasIn) return undefined
  const { resourceVersion = '' } = object.metadata
  const last = { ...previous, metadata: { ...previous.metadata, resourceVersion } }
  return toEvent(request, 'DELETED', last, now)
}

function toEvent(request: WatchRequest, type: WatchEvent['type'], object: ApiObject, now: number): WatchEvent {
  const { resource, representation } = request
  const isList = representation.shape === 'PartialObjectMetadataList'
  const shape = isList ? { ...representation, shape: 'PartialObjectMetadata' as const } : representation
  return { type, object: renderObject(resource, object, shape, now) }
}

function bookmark({ resource, representation }: WatchRequest, version: number, isInitialEnd: boolean): WatchEvent {
  const isPartial = representation.shape.startsWith('Partial')
  const kind = isPartial ? 'PartialObjectMetadata' : resource.kind
  const apiVersion = isPartial ? 'meta.k8s.io/v1' : apiVersionOf(resource)
  const annotations = isInitialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
  const metadata = { resourceVersion: String(version), ...annotations }
  if (representation.shape === 'Table')
    return { type: 'BOOKMARK', object: { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata } }
  return { type: 'BOOKMARK', object: { kind, apiVersion, metadata } }
}
