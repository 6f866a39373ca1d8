import type { ApiObject } from './api-object.ts'
import { isObject, objectAt, stringAt, type JsonObject } from './json.ts'

/**
 * Events live once and are served by two groups: as core/v1 (what `kubectl describe` and `get events` read) and as
 * events.k8s.io/v1 (what writers use today). They are stored in the core form; this is the table of names between the
 * two.
 */
const namesByCoreName: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
}

const coreNamesByName = Object.fromEntries(Object.entries(namesByCoreName).map(([core, name]) => [name, core]))

function rename(object: ApiObject, names: Readonly<Record<string, string>>, apiVersion: string): ApiObject {
  const renamed = Object.fromEntries(Object.entries(object).map(([name, value]) => [names[name] ?? name, value]))
  return { ...renamed, apiVersion, kind: 'Event', metadata: object.metadata }
}

export function eventFromCore(stored: ApiObject): ApiObject {
  const event = rename(stored, namesByCoreName, 'events.k8s.io/v1')
  for (const name of ['reportingController', 'reportingInstance']) if (event[name] === '') delete event[name]
  return event
}

export function eventToCore(event: ApiObject): ApiObject {
  return rename(event, coreNamesByName, 'v1')
}

/** Core events always show these members, with zero values when nobody set them. */
export function withEventZeroValues(stored: ApiObject): ApiObject {
  return {
    ...stored,
    involvedObject: objectAt(stored, 'involvedObject'),
    source: objectAt(stored, 'source'),
    firstTimestamp: stored['firstTimestamp'] ?? null,
    lastTimestamp: stored['lastTimestamp'] ?? null,
    eventTime: stored['eventTime'] ?? null,
    reportingComponent: stringAt(stored, 'reportingComponent'),
    reportingInstance: stringAt(stored, 'reportingInstance'),
  }
}

/** When an event was last seen, whichever of its three ways to say so it uses. */
export function lastSeenOf(event: JsonObject): unknown {
  const series = event['series']
  if (isObject(series)) return series['lastObservedTime']
  return event['lastTimestamp'] ?? event['eventTime']
}

export function firstSeenOf(event: JsonObject): unknown {
  return event['firstTimestamp'] ?? event['eventTime']
}

export function countOf(event: JsonObject): number {
  const series = event['series']
  if (isObject(series) && typeof series['count'] === 'number') return series['count']
  return typeof event['count'] === 'number' ? event['count'] : 1
}
