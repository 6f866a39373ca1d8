import { completeService } from '../../api/defaults.ts'
import type { GeminiRouteManifest } from '../../api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { geminiWebhookPath } from '../../api/kind.ts'
import { destinationFieldNames, type SinkSpec } from '../../api/sink.ts'
import type { ResolvedSink } from '../../contract/keyring/entry.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import { composeSinks, indexedFilterOf } from '../../controller/routes/compose-filter.ts'
import { resolveSinks } from '../../controller/sinks/resolve-sinks.ts'
import { createEventEvaluator, type EvaluateEvent, type Evaluation } from '../../filter/evaluate-event.ts'
import { expressionsIn } from '../../filter/expression.ts'
import { parseEnvelope } from '../../gemini/parse-event.ts'
import { buildRequest } from '../../sinks/build-request.ts'
import { eventTextOf } from '../../sinks/event-note.ts'
import { recordHeadersOf } from '../../sinks/kafka-record.ts'
import type { OutgoingDelivery } from '../../sinks/port.ts'
import type { CapturedEvent } from './read-event.ts'

/** What one sink does with one event. */
export interface SinkPreview {
  readonly sink: string
  /** unwanted: it is not sent. A word such as `FilterError` is the reason of the dead letter that it would become. */
  readonly result: 'sent' | 'unwanted' | 'FilterError' | 'TransformError'
  /** Of a TransformError, as its dead letter has it. */
  readonly cause?: string
  readonly request?: RequestPreview
}

/** What is sent, byte for byte; what only the cluster knows stands in parentheses. */
export interface RequestPreview {
  /** A URL or a subject, or in words. */
  readonly to: string
  /** Of HTTP. */
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  /** Secrets whose keys are sent as headers as well. */
  readonly headersOf?: string
  readonly body: Uint8Array
}

/** Whose sinks they are. */
interface Owner {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly webhook: { readonly namespace: string; readonly name: string }
}

/** Nowhere: the place of every destination, which is resolved in a cluster only. */
const anywhere = 'https://offline.invalid/'
const nothing = new Map<string, never>()
/** Makes the headers of a signature; the signature itself is not shown. */
const someSecret = `whsec_${Buffer.alloc(32).toString('base64')}`
const everyEvent = { typesExact: [], typesPrefix: [] }

/** The sinks of a GeminiWebhook that is valid. */
export function previewWebhook({ metadata, spec }: GeminiWebhookManifest, event: CapturedEvent): SinkPreview[] {
  const namespace = namespaceOf(metadata)
  const owner = { uid: 'offline', namespace, name: metadata.name, webhook: { namespace, name: metadata.name } }
  return new Previews(owner, event).of(spec.sinks ?? [])
}

/** Likewise of a GeminiRoute. Whether the owner of the webhook lets the event out is known in the cluster only. */
export function previewRoute({ metadata, spec }: GeminiRouteManifest, event: CapturedEvent): SinkPreview[] {
  const namespace = namespaceOf(metadata)
  const webhook = { namespace: spec.webhookRef.namespace ?? namespace, name: spec.webhookRef.name }
  const owner = { uid: 'offline', namespace, name: routeOwnerName(metadata.name), webhook }
  const previews = new Previews(owner, event)
  const { sinks } = composeSinks(spec.filter, spec.sinks)
  const { verdict } = previews.evaluate({ filter: indexedFilterOf(spec.filter) ?? everyEvent, expressions: [] })
  return verdict === 'wanted' ? previews.of(sinks) : sinks.map(({ name }) => ({ sink: name, result: 'unwanted' }))
}

class Previews {
  readonly #owner: Owner
  readonly #event: CapturedEvent
  readonly #evaluate: EvaluateEvent = createEventEvaluator()

  constructor(owner: Owner, event: CapturedEvent) {
    this.#owner = owner
    this.#event = event
  }

  evaluate(question: Omit<Parameters<EvaluateEvent>[0], 'event' | 'nowMs'>): Evaluation {
    return this.#evaluate({ ...question, event: this.#event, nowMs: this.#event.sentAtSeconds * 1_000 })
  }

  of(sinks: readonly SinkSpec[]): SinkPreview[] {
    const resolved = resolveOffline(sinks, this.#owner.namespace)
    const expressions = expressionsIn(resolved)
    return sinks.flatMap((spec) => {
      const sink = resolved.find(({ name }) => name === spec.name)
      return sink === undefined ? [] : [this.#previewOf(spec, sink, expressions)]
    })
  }

  #previewOf(spec: SinkSpec, sink: ResolvedSink, expressions: ReturnType<typeof expressionsIn>): SinkPreview {
    const { name, filter = everyEvent, transform } = sink
    const facts = { id: this.#event.eventId, source: geminiWebhookPath(this.#owner.webhook), attempt: 1 }
    const question = transform && { body: transform.body, contentType: transform.contentType, facts }
    const { verdict, transformed } = this.evaluate({
      filter,
      ...(question !== undefined && { transform: question }),
      expressions,
    })
    if (verdict === 'unwanted') return { sink: name, result: 'unwanted' }
    if (verdict !== 'wanted') return { sink: name, result: 'FilterError' }
    switch (transformed?.type) {
      case undefined:
        return { sink: name, result: 'sent', request: this.#requestOf(spec, sink) }
      case 'made':
        return { sink: name, result: 'sent', request: this.#requestOf(spec, sink, transformed.content) }
      case 'failed':
        return { sink: name, result: 'TransformError', cause: transformed.cause }
      case 'invalid':
        return { sink: name, result: 'TransformError', cause: 'transformInvalid' }
    }
  }

  #requestOf(spec: SinkSpec, sink: ResolvedSink, content?: Uint8Array): RequestPreview {
    const envelope = parseEnvelope(this.#event.body)
    if (spec.kubernetesEvent !== undefined) {
      const { type, reason, note } = eventTextOf(envelope)
      return { to: 'a Kubernetes Event', headers: { type, reason }, body: Buffer.from(note) }
    }
    const { headersSecretRef, signingSecretRef } = spec.auth ?? {}
    const delivery: OutgoingDelivery = {
      event: { ...this.#event, owner: this.#owner, receivedAtMs: this.#event.sentAtSeconds * 1000, sinks: [spec.name] },
      sink: { ...sink, ...(signingSecretRef !== undefined && { signingSecret: someSecret }) },
      attempt: 1,
      replayed: false,
      webhook: this.#owner.webhook,
      ...(content !== undefined && { content }),
    }
    const built = buildRequest(delivery, { parseEnvelope: () => envelope, nowMs: delivery.event.receivedAtMs })
    if (!built.built) throw new Error(`sink ${spec.name}: no request can be made: ${built.cause}`)
    const to = targetOf(spec, this.#owner)
    const isHttp = spec.nats === undefined && spec.kafka === undefined
    const headers = sentHeadersOf(spec, built.headers)
    return {
      to,
      ...(isHttp && { method: built.method }),
      headers: { ...headers, ...unknownHeaders(headers, signingSecretRef?.name) },
      ...(headersSecretRef !== undefined && { headersOf: headersSecretRef.name }),
      body: built.body,
    }
  }
}

/**
 * Filter, transform and format as receivers would get them; destinations and credentials are the cluster's to know. Of
 * a sink that is suspended what it gets once it goes on.
 */
function resolveOffline(sinks: readonly SinkSpec[], namespace: string): readonly ResolvedSink[] {
  const bare = sinks.map((sink): SinkSpec => {
    const { auth: _auth, deadLetter: _deadLetter, suspend: _suspend, ...rest } = sink
    const taken = new Set<string>(destinationFieldNames)
    const kept = Object.entries(rest).filter(([field]) => !taken.has(field))
    return { ...(Object.fromEntries(kept) as Pick<SinkSpec, 'name'>), uri: anywhere }
  })
  return resolveSinks(bare, {
    namespace,
    clusterDomain: undefined,
    services: nothing,
    allowForeign: false,
    addressableNamespaces: [],
    natsPrefix: undefined,
    kafkaPrefix: undefined,
    addressables: nothing,
    known: [],
    credentials: nothing,
    areServicesWatched: false,
  }).resolved
}

function targetOf(sink: SinkSpec, { namespace }: Owner): string {
  if (sink.uri !== undefined) return sink.uri
  if (sink.service !== undefined) {
    const { scheme, name, port, path } = completeService(sink.service)
    return `${scheme}://${name}.${namespace}.svc:${port}${path}`
  }
  if (sink.ref !== undefined) return `(the address of ${sink.ref.kind} ${namespace}/${sink.ref.name})`
  if (sink.uriSecretRef !== undefined) return `(key ${sink.uriSecretRef.key} of Secret ${sink.uriSecretRef.name})`
  if (sink.nats !== undefined) return `(prefix of the installation).${namespace}.${sink.nats.subject}`
  if (sink.kafka !== undefined) return `(prefix of the installation).${namespace}.${sink.kafka.topic}`
  return `(${destinationFieldNames.find((field) => sink[field] !== undefined) ?? 'another destination'})`
}

/** Of the headers of a request what a message or a record has, under the names of its binding. */
function sentHeadersOf({ nats, kafka }: SinkSpec, headers: Readonly<Record<string, string>>): Record<string, string> {
  if (kafka !== undefined) return Object.fromEntries(recordHeadersOf(headers))
  const { 'user-agent': _ofHttp, ...others } = headers
  return nats === undefined ? headers : others
}

/** What differs in the cluster is named instead of made up. */
function unknownHeaders(headers: Readonly<Record<string, string>>, signer: string | undefined) {
  return {
    traceparent: '(of the attempt)',
    ...(signer !== undefined &&
      headers['webhook-signature'] !== undefined && {
        'webhook-timestamp': '(of the attempt)',
        'webhook-signature': `(by Secret ${signer})`,
      }),
  }
}

function namespaceOf(metadata: Readonly<Record<string, unknown>>): string {
  return typeof metadata['namespace'] === 'string' ? metadata['namespace'] : 'default'
}
