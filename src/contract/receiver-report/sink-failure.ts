/**
 * Why attempts at a sink fail, in words for people: the closed list of the causes that sinks and dispatcher name. Text
 * from outside is never shown, because it may contain addresses, names and secrets.
 */
export const sinkFailures = {
  status: 'it answers with an error',
  redirect: 'it answers with a redirect, and none is followed',
  refused: 'it refuses the event',
  unauthorized: 'it refuses our credentials',
  timeout: 'no answer in time',
  cancelled: 'the attempt was cut off',
  forbiddenAddress: 'its address is not allowed',
  nameNotResolved: 'its name does not resolve',
  connectionRefused: 'the connection is refused',
  connectionReset: 'the connection is closed before an answer',
  connectTimeout: 'no connection in time',
  unreachable: 'there is no route to it',
  tls: 'TLS fails, or its certificate is not accepted',
  malformedAnswer: 'its answer cannot be read',
  connection: 'the connection fails',
  badUrl: 'its URL cannot be used',
  badSigningSecret: 'the secret to sign with cannot be used',
  tooLarge: 'the event is too large for it',
  unsendable: 'no request can be made of the event',
  fault: 'the attempt failed with a fault of our own',
  notConfigured: 'receivers have no servers for sinks of this kind',
  forbiddenSubject: 'its subject is not allowed',
  noStream: 'no stream takes the subject',
  refusedByStream: 'the stream refuses the event',
  forbiddenTopic: 'its topic is not allowed',
  unknownTopic: 'there is no such topic',
  refusedByBroker: 'the broker refuses the event',
  notPermitted: 'our user may not publish there',
  inboxFull: 'receivers have no room for the events of routes',
  inboxUnavailable: 'receivers cannot store the events of routes now',
  filterFailed: 'its filter fails on the events',
  transformFailed: 'its transform fails on the events',
} as const

export type SinkFailureCause = keyof typeof sinkFailures

const otherWords = 'attempts fail'

/** In words, with the status where an answer came. A cause that only a newer receiver has is described in general. */
export function explainSinkFailure({ cause, status }: { cause: string; status?: number | undefined }): string {
  const words = isKnownCause(cause) ? sinkFailures[cause] : otherWords
  return status === undefined ? words : `${words} (${status})`
}

export function isKnownCause(cause: string): cause is SinkFailureCause {
  return Object.hasOwn(sinkFailures, cause)
}
