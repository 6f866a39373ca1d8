import { isDeepStrictEqual } from 'node:util'
import type { ApiObject } from '../api-object.ts'
import { countOf, eventFromCore, eventToCore, firstSeenOf, lastSeenOf, withEventZeroValues } from '../event-views.ts'
import { invalidValue, required, type FieldError } from '../field-error.ts'
import { ageOf } from '../human-duration.ts'
import { objectAt, stringAt, valueAt } from '../json.ts'
import type { PrinterColumn, ResourceDefinition, WriteContext } from '../resource-definition.ts'
import { record, type Schema } from '../schema.ts'
import { builtInKind, column, nameColumn, objectSchema } from './built-in-kind.ts'

const string: Schema = { type: 'string' }
const integer: Schema = { type: 'integer' }
const time: Schema = { type: 'string', format: 'date-time', nullable: true }
const microTime: Schema = { type: 'string', format: 'micro-time', nullable: true }

const reference = record({
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
})
const series = record({ count: integer, lastObservedTime: microTime })
const source = record({ component: string, host: string })

/** Cells are computed from the core form, whichever view is printed. */
function cellOfCore(name: string, description: string, cell: PrinterColumn['cell'], priority = 0): PrinterColumn {
  return column(
    name,
    description,
    (object, now) => cell(object.apiVersion === 'v1' ? object : eventToCore(object), now),
    priority,
  )
}

const columns: readonly PrinterColumn[] = [
  cellOfCore('Last Seen', 'When the event was last recorded.', (event, now) => ageOf(lastSeenOf(event), now)),
  cellOfCore('Type', 'Normal or Warning.', (event) => stringAt(event, 'type')),
  cellOfCore('Reason', 'Why, in one machine-readable word.', (event) => stringAt(event, 'reason')),
  cellOfCore('Object', 'What the event is about.', (event) => {
    const about = objectAt(event, 'involvedObject')
    return `${stringAt(about, 'kind').toLowerCase()}/${stringAt(about, 'name')}`
  }),
  cellOfCore('Subobject', 'Which part of it.', (event) => stringAt(event, 'involvedObject', 'fieldPath'), 1),
  cellOfCore('Source', 'Who reported it.', (event) => sourceText(event), 1),
  cellOfCore('Message', 'What happened.', (event) => stringAt(event, 'message').trim()),
  cellOfCore('First Seen', 'When it was first recorded.', (event, now) => ageOf(firstSeenOf(event), now), 1),
  cellOfCore('Count', 'How often it happened.', countOf, 1),
  { ...nameColumn, priority: 1 },
]

function sourceText(event: ApiObject): string {
  const { component, host } = objectAt(event, 'source')
  const reported = [component, host].filter((part) => typeof part === 'string' && part !== '')
  if (reported.length > 0) return reported.join(', ')
  const parts = [event['reportingComponent'], event['reportingInstance']]
  return parts.filter((part) => typeof part === 'string' && part !== '').join(', ')
}

type FieldReaders = ResourceDefinition['selectableFields']

function selectableFields(about: string, reporter: string, source: string): FieldReaders {
  const ofObject = Object.keys(reference.properties ?? {}).map(
    (field) => [`${about}.${field}`, (event: ApiObject) => stringAt(event, about, field)] as const,
  )
  return {
    ...Object.fromEntries(ofObject),
    reason: (event) => stringAt(event, 'reason'),
    type: (event) => stringAt(event, 'type'),
    [reporter]: (event) => stringAt(event, reporter),
    ...(source === 'source' && {
      source: (event: ApiObject) => stringAt(event, 'source', 'component') || stringAt(event, 'reportingComponent'),
    }),
  }
}

const shared = {
  kind: 'Event',
  plural: 'events',
  version: 'v1',
  shortNames: ['ev'],
  namespaced: true,
  storageKey: 'events',
  columns,
} as const

export const coreEvents = builtInKind({
  ...shared,
  group: '',
  schema: objectSchema('Event is a report of an event somewhere in the cluster.', {
    involvedObject: reference,
    reason: string,
    message: string,
    source,
    firstTimestamp: time,
    lastTimestamp: time,
    count: integer,
    type: string,
    eventTime: microTime,
    series,
    action: string,
    related: reference,
    reportingComponent: string,
    reportingInstance: string,
  }),
  selectableFields: selectableFields('involvedObject', 'reportingComponent', 'source'),
  prepare: withEventZeroValues,
  validate: (event) => checkNamespace(event),
})

export const events = builtInKind({
  ...shared,
  group: 'events.k8s.io',
  schema: objectSchema('Event is a report of an event somewhere in the cluster.', {
    eventTime: microTime,
    series,
    reportingController: string,
    reportingInstance: string,
    action: string,
    reason: string,
    regarding: reference,
    related: reference,
    note: string,
    type: string,
    deprecatedSource: source,
    deprecatedFirstTimestamp: time,
    deprecatedLastTimestamp: time,
    deprecatedCount: integer,
  }),
  fromStored: eventFromCore,
  toStored: (event) => withEventZeroValues(eventToCore(event)),
  selectableFields: selectableFields('regarding', 'reportingController', ''),
  prepare: (event) => eventFromCore(withEventZeroValues(eventToCore(event))),
  validate: (event, context) => checkEvent(eventToCore(event), context),
})

const maxNoteBytes = 1024

/** The stricter rules of events.k8s.io; errors name the fields of the core form, as a real server does. */
function checkEvent(event: ApiObject, { old }: WriteContext): FieldError[] {
  if (old !== undefined) return checkUnchanged(event, eventToCore(old))
  const errors: FieldError[] = []
  const needs = (field: string, max: number) => {
    const value = stringAt(event, field)
    if (value === '') errors.push(required(field))
    else if (Buffer.byteLength(value) > max) errors.push(invalidValue(field, `can have at most ${max} characters`, ''))
  }
  if (event['eventTime'] === null) errors.push(required('eventTime'))
  else {
    needs('reportingInstance', 128)
    needs('action', 128)
    needs('reason', 128)
    if (stringAt(event, 'reportingComponent') === '') errors.push(required('reportingController'))
  }
  const type = stringAt(event, 'type')
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalidValue('type', `has invalid value: ${type}`, ''))
  if (Buffer.byteLength(stringAt(event, 'message')) > maxNoteBytes) {
    errors.push(invalidValue('message', `can have at most ${maxNoteBytes} characters`, ''))
  }
  return errors
}

const unchangeable = [
  'involvedObject',
  'reason',
  'message',
  'type',
  'action',
  'eventTime',
  'reportingComponent',
  'reportingInstance',
  'related',
]

function checkUnchanged(event: ApiObject, old: ApiObject): FieldError[] {
  return unchangeable
    .filter((field) => !isDeepStrictEqual(event[field] ?? null, old[field] ?? null))
    .map((field) => invalidValue(field, 'field is immutable', event[field] ?? ''))
}

function checkNamespace(event: ApiObject): FieldError[] {
  const about = valueAt(event, 'involvedObject', 'namespace')
  const namespace = event.metadata.namespace ?? ''
  const expected = typeof about === 'string' && about !== '' ? about : 'default'
  if (namespace === expected) return []
  return [invalidValue('involvedObject.namespace', 'does not match event.namespace', about ?? '')]
}
