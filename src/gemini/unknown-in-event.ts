import { geminiEvents, geminiEventTypes } from '../contract/consumers/gemini-events.ts'
import { isRecord } from '../is-record.ts'
import { canonicalType, type EventAliases } from './event-aliases.ts'
import { cancelledTypes, isPingType } from './known-event-types.ts'
import type { Unknown } from './unknown-forms.ts'

/**
 * Larger bodies are not looked into: Google's have a few hundred bytes, and this is done where requests are answered.
 */
const maxLookedAtBytes = 16 * 1024
/** Of one event: whoever signs one chooses how many members it has. */
const maxUnknowns = 8

const envelopeFields: ReadonlySet<string> = new Set([
  'type',
  'version',
  'timestamp',
  'data',
  'user_metadata',
  'userMetadata',
])
const metadataFields = ['user_metadata', 'userMetadata']

/** What `data` has, by type of event. Of the others, which cannot be subscribed, the job is all that is known. */
const dataFields: ReadonlyMap<string, ReadonlySet<string>> = new Map<string, ReadonlySet<string>>([
  ...geminiEventTypes.map(
    (type) => [type, new Set([...Object.keys(geminiEvents[type].shape.data.shape), ...metadataFields])] as const,
  ),
  ...cancelledTypes.map((type) => [type, new Set(['id', ...metadataFields])] as const),
])

const knownVersion = 'v1'
const knownSignatureVersions: ReadonlySet<string> = new Set(['v1', 'v1a'])
/** A bare JWT has no comma, and no version. */
const signatureEntry = /^([A-Za-z0-9]{1,16}),/

/** An event as it was stored: its bytes, and the header with its signatures. */
export interface StoredEvent {
  readonly body: Uint8Array
  readonly signature: string
}

/**
 * What of an authentic event this version does not know. Test deliveries count as known, under any of their names that
 * has an alias. Never throws; bounded in time and in number, whatever the event is like.
 */
export function unknownInEvent({ body, signature }: StoredEvent, aliases: EventAliases): Unknown[] {
  return [...unknownInSignature(signature), ...unknownInBody(body, aliases)].slice(0, maxUnknowns)
}

function unknownInSignature(header: string): Unknown[] {
  const versions = header.split(' ').map((entry) => signatureEntry.exec(entry)?.[1])
  return [...new Set(versions)]
    .filter((version) => version !== undefined && !knownSignatureVersions.has(version))
    .map((name) => ({ what: 'SignatureVersion', name: name ?? '' }))
}

function unknownInBody(body: Uint8Array, aliases: EventAliases): Unknown[] {
  if (body.length > maxLookedAtBytes) return []
  const envelope = parse(body)
  const given = envelope?.['type']
  if (envelope === undefined || typeof given !== 'string' || given === '') return [{ what: 'EventForm' }]
  const type = canonicalType(given, aliases)
  if (isPingType(type)) return []
  const { version = knownVersion, data } = envelope
  const known = dataFields.get(type)
  return [
    ...(known === undefined ? [{ what: 'EventType', name: given } as const] : []),
    ...(version === knownVersion ? [] : [{ what: 'EventVersion', name: nameIn(version) } as const]),
    ...unknownFields(envelope, envelopeFields),
    ...(known !== undefined && isRecord(data) ? unknownFields(data, known) : []),
  ]
}

/**
 * Where it is something else, it is no name; and lists in lists, as deep as a body is long, cannot be written as one.
 */
function nameIn(version: unknown): string {
  return typeof version === 'string' || typeof version === 'number' ? String(version) : ''
}

function unknownFields(object: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): Unknown[] {
  return Object.keys(object)
    .filter((name) => !known.has(name))
    .map((name) => ({ what: 'EventField', name }))
}

function parse(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    return isRecord(value) && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
