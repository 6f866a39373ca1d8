/**
 * Changes that Google could make to the API at any time and has not made, so far as is known. Unlike the switches,
 * which stand for what nobody knows of today's API, each of these is made up; whoever builds on the API should survive
 * them all. They are laid over what the simulator says and takes, so that nothing else of it knows of them.
 */
export interface ApiChanges {
  /** Versions of the API that are served besides `v1` and `v1beta`, such as `v2`. */
  readonly addedVersions?: readonly string[]
  /** Versions that are not served any more. */
  readonly removedVersions?: readonly string[]
  /** Words in the place of states of a webhook: `{enabled: 'active'}`. */
  readonly states?: Readonly<Record<string, string>>
  /** New names of fields of a webhook: `{uri: 'url'}`. */
  readonly webhookFields?: Readonly<Record<string, string>>
  /** Fields that every webhook has besides. */
  readonly addedWebhookFields?: Readonly<Record<string, unknown>>
  /** Signing secrets, and the hints of all that there are, begin with this in the place of `whsec_`. */
  readonly secretPrefix?: string
  /** Errors are a list of problems, with neither of the two shapes that the API has. */
  readonly errorShape?: 'problems'
  /** New names of types of events, in events and in subscriptions: `{'batch.succeeded': 'batch.completed'}`. */
  readonly eventTypes?: Readonly<Record<string, string>>
  /** New names of members of `data`. */
  readonly eventFields?: Readonly<Record<string, string>>
  /** Members that every event has besides. */
  readonly addedEventFields?: Readonly<Record<string, unknown>>
  readonly envelopeVersion?: string
  /** What the id of a job becomes: `{id}` stands for what it was. */
  readonly jobId?: string
  /** Entries of `webhook-signature` that come before the others: `v2,AAAA`. */
  readonly signaturesBefore?: readonly string[]
}

const apiPath = /^\/(v[0-9a-z]+)\//

/**
 * The path under which a request is served: another version is the same service, and one that is not served any more is
 * no path.
 */
export function servedPath(path: string, { addedVersions = [], removedVersions = [] }: ApiChanges): string {
  const version = apiPath.exec(path)?.[1]
  if (version === undefined) return path
  if (removedVersions.includes(version)) return path.replace(apiPath, '/removed/$1/')
  return addedVersions.includes(version) ? path.replace(apiPath, '/v1/') : path
}

/** The body of an answer of the API, as it is written after the changes. */
export function changeAnswer(status: number, body: string, changes: ApiChanges): string {
  const answer = parse(body)
  if (answer === undefined) return body
  if (status >= 400) return changes.errorShape === undefined ? body : JSON.stringify(problemsOf(answer))
  const { webhooks } = answer
  const changed = Array.isArray(webhooks)
    ? { ...answer, webhooks: webhooks.map((each) => changeWebhook(each as Members, changes)) }
    : changeWebhook(answer, changes)
  const text = JSON.stringify(changed)
  return changes.secretPrefix === undefined ? text : text.replaceAll('"whsec_', `"${changes.secretPrefix}`)
}

/** The body of an event, as it is sent after the changes. */
export function changeEvent(body: Uint8Array, changes: ApiChanges): Uint8Array {
  const event = parse(Buffer.from(body).toString())
  // What is sent on purpose in another form than that of an event stays as it is.
  if (event === undefined || !isMembers(event['data'])) return body
  const { type, version, data } = event
  const {
    eventTypes = {},
    eventFields = {},
    addedEventFields = {},
    envelopeVersion = version,
    jobId = '{id}',
  } = changes
  const { id, ...rest } = data
  const named = typeof id === 'string' ? { id: jobId.replace('{id}', id), ...rest } : rest
  return Buffer.from(
    JSON.stringify({
      ...event,
      type: eventTypes[String(type)] ?? type,
      version: envelopeVersion,
      data: renamed(named, eventFields),
      ...addedEventFields,
    }),
  )
}

export function changeSignature(header: string, { signaturesBefore = [] }: ApiChanges): string {
  return [...signaturesBefore, header].join(' ')
}

type Members = Readonly<Record<string, unknown>>

function changeWebhook(webhook: Members, changes: ApiChanges): Members {
  if (webhook['id'] === undefined) return webhook
  const { states = {}, webhookFields = {}, addedWebhookFields = {}, eventTypes = {} } = changes
  const { state, subscribed_events: events, ...rest } = webhook
  const changed = {
    ...rest,
    ...(typeof state === 'string' && { state: states[state] ?? state }),
    ...(Array.isArray(events) && { subscribed_events: events.map((each) => eventTypes[String(each)] ?? String(each)) }),
    ...addedWebhookFields,
  }
  return renamed(changed, webhookFields)
}

function renamed(members: Members, names: Readonly<Record<string, string>>): Members {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [names[name] ?? name, value]))
}

function problemsOf({ error = {} }: { error?: Members }): Members {
  return { errors: [{ title: error['message'], reason: error['code'] }], requestId: 'made-up' }
}

function parse(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMembers(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
