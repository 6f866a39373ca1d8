import { GoogleGenAI, type GoogleGenAIOptions } from '@google/genai'

import { boundFetch } from '../outbound/bound-fetch.ts'
import { batchFetch } from './batch-fetch.ts'
import { bindBatches } from './list-ended-batches.ts'
import { badAnswer, isUnreadableSuccess, tooLong, type Verb } from './gemini-failure.ts'
import { anybody, createCall, type Call, type CallDeps, type CallOptions } from './google-call.ts'
import { ListBounds } from './list-bounds.ts'
import { tellUnknown } from './tell-unknown.ts'
import type { NoteUnknown } from './unknown-forms.ts'
import { readCreated, readPage, readRotatedSecret, readWebhook } from './remote-webhook.ts'
import {
  GeminiError,
  type Caller,
  type RemoteWebhook,
  type SharedWebhookService,
  type WebhookChanges,
  type WebhookService,
} from './webhook-service.ts'

export interface WebhookServiceOptions extends CallDeps {
  /** Surrounding white space is removed: Secrets made from files end in a newline. */
  apiKey: string
  /** Default: Google's. A path prefix is kept. */
  baseUrl?: string
  /** Such as `v1` or `v1beta`. */
  apiVersion?: string
  headers?: Readonly<Record<string, string>>
  /** Is told of what an answer has that this version does not know. */
  onUnknown?: NoteUnknown
  /** Default: Node's own, without a proxy. */
  fetch?: typeof fetch
}

const defaultBaseUrl = 'https://generativelanguage.googleapis.com'
/** The API's maximum. */
const pageSize = 1000

/**
 * The WebhookService over the official SDK, with what the SDK does on its own switched off: retries (it would repeat a
 * create), Vertex mode and every other setting that it takes from the environment, redirects (they would carry the API
 * key elsewhere). Opens no connection until the first call.
 */
export function openWebhookService(options: WebhookServiceOptions): SharedWebhookService {
  const apiKey = options.apiKey.trim()
  const settings = (fetchOf: typeof fetch): GoogleGenAIOptions => ({
    apiKey,
    vertexai: false,
    apiVersion: options.apiVersion ?? 'v1',
    httpOptions: {
      baseUrl: options.baseUrl ?? defaultBaseUrl,
      headers: { ...options.headers },
      fetch: fetchOf,
    },
  })
  const inner = options.fetch ?? fetch
  const { webhooks } = new GoogleGenAI(settings(boundFetch(inner)))
  const callAs = (caller: Caller): Call => tellUnknown(createCall(options, apiKey, caller), options.onUnknown)
  // Most keys need none, and the SDK's client of batches takes as much memory as that of webhooks.
  let opened: GoogleGenAI['batches'] | undefined
  const openBatches = () => (opened ??= new GoogleGenAI(settings(batchFetch(inner))).batches)
  const batches = bindBatches(openBatches, createCall(options, apiKey, anybody), options.onUnknown)
  const service = bindWebhooks(webhooks, callAs(anybody))
  return {
    ...service,
    batches,
    // A list serves all users of the key, whichever of them needs it first.
    as: (caller) => ({
      ...bindWebhooks(webhooks, callAs(caller)),
      list: (signal, take) => service.list(signal, take),
      batches,
    }),
  }
}

/** The calls as one caller makes them. */
function bindWebhooks(webhooks: GoogleGenAI['webhooks'], call: Call): Omit<WebhookService, 'batches'> {
  async function listPage(token: string, signal: AbortSignal | undefined) {
    const query = { page_size: pageSize, ...(token !== '' && { page_token: token }) }
    const page = readPage(await call('list', signal, (callOptions) => webhooks.list(query, callOptions)))
    if (page === undefined) throw badAnswer('list', 'a list of webhooks')
    return page
  }

  return {
    async list(signal, take) {
      // By id, because pages may shift under a change and show one webhook twice.
      const found = new Map<string, RemoteWebhook>()
      const bounds = new ListBounds(take)
      let token = ''
      for (;;) {
        const page = await listPage(token, signal)
        const excess = bounds.take(page.webhooks)
        if (excess !== undefined) throw tooLong(excess)
        for (const webhook of page.webhooks) if (!found.has(webhook.id)) found.set(webhook.id, webhook)
        if (page.nextPageToken === '') return [...found.values()]
        if (page.nextPageToken === token) throw badAnswer('list', 'an end: the pages repeat')
        token = page.nextPageToken
      }
    },
    async get(id, signal) {
      checkId('get', id)
      const answer = await call('get', signal, (callOptions) => webhooks.get(id, null, callOptions)).catch(ifMissing)
      if (answer === undefined) return undefined
      return readWebhook(answer) ?? fail(badAnswer('get', 'a webhook'))
    },
    async create({ name, uri, subscribedEvents }) {
      const body = { name, uri, subscribed_events: subscribedEvents }
      const answer = await call('create', undefined, (callOptions) => webhooks.create(body, callOptions))
      return readCreated(answer) ?? fail(badAnswer('create', 'an id and a new signing secret'))
    },
    async update(id, changes) {
      checkId('update', id)
      const body = toUpdate(changes)
      const answer = await call('update', undefined, (callOptions) => webhooks.update(id, body, callOptions))
      return readWebhook(answer) ?? fail(badAnswer('update', 'a webhook'))
    },
    async delete(id) {
      checkId('delete', id)
      const send = (callOptions: CallOptions) => webhooks.delete(id, null, callOptions).catch(ifUnreadable)
      await call('delete', undefined, send).catch(ifMissing)
    },
    async ping(id) {
      checkId('ping', id)
      await call('ping', undefined, (callOptions) => webhooks.ping(id, { body: {} }, callOptions).catch(ifUnreadable))
    },
    async rotateSigningSecret(id, revocation) {
      checkId('rotateSigningSecret', id)
      const body = { revocation_behavior: revocation }
      const answer = await call('rotateSigningSecret', undefined, (callOptions) =>
        webhooks.rotateSigningSecret(id, body, callOptions),
      )
      return readRotatedSecret(answer) ?? fail(badAnswer('rotateSigningSecret', 'a new signing secret'))
    },
  }
}

/** Only what changes travels, under a mask that names exactly it: the service applies keys outside the mask too. */
function toUpdate(changes: WebhookChanges) {
  const body = {
    ...(changes.name !== undefined && { name: changes.name }),
    ...(changes.uri !== undefined && { uri: changes.uri }),
    ...(changes.subscribedEvents !== undefined && { subscribed_events: changes.subscribedEvents }),
    ...(changes.state !== undefined && { state: changes.state }),
  }
  const update_mask = Object.keys(body).join(',')
  if (update_mask === '') throw new TypeError('webhooks.update: changes is empty; call it only where a field differs')
  return { ...body, update_mask }
}

/** An empty id or a dot would address the collection instead: DELETE on it is not to be tried. */
function checkId(verb: Verb, id: string): void {
  if (/^(?!\.{1,2}$)[\x21-\x7e]{1,256}$/.test(id)) return
  throw new GeminiError({
    code: 'ERR_GEMINI_REJECTED',
    message: `webhooks.${verb}: the webhook id is empty, too long or holds characters that no id has; correct the id`,
    mayHaveCommitted: false,
  })
}

function ifMissing(error: unknown): undefined {
  if (error instanceof GeminiError && error.code === 'ERR_GEMINI_NOT_FOUND') return undefined
  throw error
}

function ifUnreadable(error: unknown): undefined {
  if (isUnreadableSuccess(error)) return undefined
  throw error
}

function fail(error: GeminiError): never {
  throw error
}
