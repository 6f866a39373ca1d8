import { isIP } from 'node:net'

import { subscribableEvents } from './events.ts'
import { answered, failedPrecondition, invalidArgument, type Answer } from './problem.ts'
import type { Switches } from './switches.ts'
import {
  revocationBehaviors,
  type RecordChanges,
  type RevocationBehavior,
  type WebhookInput,
  type WebhookRecord,
} from './webhook-record.ts'

type JsonObject = Record<string, unknown>

const createKeys = ['name', 'uri', 'subscribed_events']
const updateKeys = [...createKeys, 'state']
const clientStates = ['enabled', 'disabled']

function asObject(body: unknown): Answer<JsonObject> {
  if (body === undefined) return answered({})
  return typeof body === 'object' && body !== null && !Array.isArray(body)
    ? answered(body as JsonObject)
    : invalidArgument('Invalid JSON payload received: the body must be an object.')
}

/** Values of callers may be anything; they come back as short JSON. */
const quoted = (value: unknown) => JSON.stringify(value)?.slice(0, 64) ?? ''

const snakeCase = (key: string) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The first thing wrong with the keys of a body, in the service's own words; undefined when all are known. */
export function unknownKey(body: JsonObject, known: readonly string[]): string | undefined {
  const stranger = Object.keys(body).find((key) => !known.includes(key))
  if (stranger === undefined) return undefined
  const meant = snakeCase(stranger)
  const hint = known.includes(meant) ? ` Did you mean '${meant}'?` : ''
  return `Unknown parameter '${stranger}'.${hint}`
}

export function checkCreate(body: unknown, switches: Switches): Answer<WebhookInput> {
  const object = asObject(body)
  if (!object.ok) return object
  const { name, uri, subscribed_events: events } = object.value
  const wrong =
    unknownKey(object.value, createKeys) ??
    nameProblem(name, switches) ??
    (uri === undefined ? "Missing required parameter 'uri'." : uriProblem(uri, switches)) ??
    eventsProblem(events)
  if (wrong !== undefined) return invalidArgument(wrong)
  return answered({
    name: name as string | undefined,
    uri: uri as string,
    subscribedEvents: [...new Set(events as string[])],
  })
}

/** The changes that an update asks for, after the mask where the service honours it. */
export function checkUpdate(
  body: unknown,
  mask: string | undefined,
  record: WebhookRecord,
  switches: Switches,
): Answer<RecordChanges> {
  const object = asObject(body)
  if (!object.ok) return object
  const unknown = unknownKey(object.value, updateKeys)
  if (unknown !== undefined) return invalidArgument(unknown)
  const applied = switches.updateMask === 'honoured' ? masked(object.value, mask) : answered(object.value)
  if (!applied.ok) return applied
  const { name, uri, subscribed_events: events, state } = applied.value
  const wrong =
    nameProblem(name, switches) ??
    (uri === undefined ? undefined : uriProblem(uri, switches)) ??
    (events === undefined ? undefined : eventsProblem(events)) ??
    stateProblem(state, switches)
  if (wrong !== undefined) return invalidArgument(wrong)
  const reenables = record.state === 'disabled_due_to_failed_deliveries' && state === 'enabled'
  if (reenables && switches.reenableByUpdate === 'refused') {
    return failedPrecondition('The webhook was disabled due to failed deliveries and cannot be enabled by an update.')
  }
  return answered({
    ...(name !== undefined && { name: name as string }),
    ...(uri !== undefined && { uri: uri as string }),
    ...(events !== undefined && { subscribedEvents: [...new Set(events as string[])] }),
    ...(state !== undefined && { state: state as WebhookRecord['state'] }),
  })
}

function masked(body: JsonObject, mask: string | undefined): Answer<JsonObject> {
  if (mask === undefined || mask === '') return answered(body)
  const paths = mask.split(',')
  const stranger = paths.find((path) => !updateKeys.includes(path))
  if (stranger !== undefined) return invalidArgument(`Invalid field '${stranger}' in update_mask.`)
  return answered(Object.fromEntries(Object.entries(body).filter(([key]) => paths.includes(key))))
}

function nameProblem(name: unknown, { maxNameCharacters }: Switches): string | undefined {
  if (name === undefined) return undefined
  if (typeof name !== 'string') return "Invalid value for 'name': must be a string."
  const tooLong = maxNameCharacters > 0 && name.length > maxNameCharacters
  return tooLong ? `Invalid value for 'name': at most ${maxNameCharacters} characters.` : undefined
}

function eventsProblem(events: unknown): string | undefined {
  if (events === undefined || (Array.isArray(events) && events.length === 0)) {
    return "Missing required parameter 'subscribed_events'."
  }
  if (!Array.isArray(events)) return "Invalid value for 'subscribed_events': must be a list."
  const known: readonly unknown[] = subscribableEvents
  const stranger: unknown = events.find((event) => !known.includes(event))
  return stranger === undefined
    ? undefined
    : `Invalid value ${quoted(stranger)} for 'subscribed_events'. Supported values are: ${subscribableEvents.join(', ')}.`
}

function stateProblem(state: unknown, { setFailedState }: Switches): string | undefined {
  if (state === undefined || clientStates.includes(state as string)) return undefined
  if (state === 'disabled_due_to_failed_deliveries' && setFailedState === 'accepted') return undefined
  return `Invalid value ${quoted(state)} for 'state'. Supported values are: ${clientStates.join(', ')}.`
}

/** What is wrong with a URI that deliveries shall go to; also used for the URIs of a webhook_config. */
export function uriProblem(uri: unknown, switches: Switches): string | undefined {
  const url = typeof uri === 'string' && uri.length <= 2048 ? URL.parse(uri) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return "Invalid value for 'uri': must be an absolute HTTPS URI."
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const local = host === 'localhost' || host.endsWith('.localhost')
  const checks: [Switches['uriHttp'], boolean, string][] = [
    [switches.uriHttp, url.protocol === 'http:', 'must use https'],
    [switches.uriLocalhost, local, 'must not be on localhost'],
    [switches.uriPrivateAddress, isPrivateAddress(host), 'must not be a private address'],
    [switches.uriPort, url.port !== '', 'must not name a port'],
    [switches.uriUserinfo, url.username !== '' || url.password !== '', 'must not hold credentials'],
    [switches.uriQuery, url.search !== '', 'must not have a query'],
  ]
  const [, , reason] = checks.find(([setting, applies]) => setting === 'refused' && applies) ?? []
  return reason === undefined ? undefined : `Invalid value for 'uri': ${reason}.`
}

function isPrivateAddress(host: string): boolean {
  if (isIP(host) === 4) return /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(host)
  return isIP(host) === 6 && /^(?:::1?$|f[cd]|fe[89ab])/i.test(host)
}

export function checkRevocation(body: unknown, switches: Switches): Answer<RevocationBehavior> {
  const object = asObject(body)
  if (!object.ok) return object
  const unknown = unknownKey(object.value, ['revocation_behavior'])
  if (unknown !== undefined) return invalidArgument(unknown)
  const given = object.value['revocation_behavior'] ?? revocationBehaviors[0]
  const read = switches.uppercaseRevocation === 'accepted' && typeof given === 'string' ? given.toLowerCase() : given
  const behavior = revocationBehaviors.find((known) => known === read)
  return behavior === undefined
    ? invalidArgument(
        `Invalid value ${quoted(given)} for 'revocation_behavior'. Supported values are: ${revocationBehaviors.join(', ')}.`,
      )
    : answered(behavior)
}
