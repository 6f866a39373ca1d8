import { Agent, request, type Dispatcher } from 'undici'

import type { KubectlResult } from '../../../control-plane/start-control-plane.ts'

/** Where an API server is, and how to run kubectl against it, if there is one. */
export interface ApiUnderTest {
  url: string
  caPem: string
  token: string
  kubectl?: (args: string[], options?: { input?: string }) => Promise<KubectlResult>
}

export interface Answer {
  status: number
  contentType: string
  warning: string
  text: string
  /** The parsed body; an empty object when it is no JSON. */
  body: ApiBody
}

/** What tests look at in a body; everything else is reached through `text`. */
export interface ApiBody {
  kind?: string
  apiVersion?: string
  message?: string
  reason?: string
  code?: number
  details?: Record<string, unknown> & { causes?: { reason: string; message: string; field: string }[] }
  metadata?: ApiMetadata
  spec?: Record<string, unknown>
  status?: unknown
  data?: Record<string, string>
  type?: string
  items?: ApiBody[]
  [field: string]: unknown
}

export interface ApiMetadata {
  name?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  finalizers?: string[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  continue?: string
  remainingItemCount?: number
}

export interface WatchEvent {
  type: string
  object: ApiBody
}

interface CallOptions {
  contentType?: string
  accept?: string
  token?: string
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export const mergePatch = { contentType: 'application/merge-patch+json' }
export const jsonPatch = { contentType: 'application/json-patch+json' }
export const strategicMergePatch = { contentType: 'application/strategic-merge-patch+json' }

/** A plain HTTP client: what goes over the wire is what the test wrote, and what came back is seen as it is. */
export class ApiClient {
  readonly #api: ApiUnderTest
  readonly #dispatcher: Dispatcher
  #names = 0

  constructor(api: ApiUnderTest) {
    this.#api = api
    this.#dispatcher = new Agent({ connect: { ca: api.caPem } })
  }

  get kubectl(): ApiUnderTest['kubectl'] {
    return this.#api.kubectl
  }

  /** A name that no other test of this run uses. */
  newName(prefix = 'w'): string {
    this.#names += 1
    return `${prefix}${this.#names}`
  }

  /** A string body goes out as it is, anything else as JSON. */
  async call(method: Method, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    const response = await request(`${this.#api.url}${path}`, {
      method,
      dispatcher: this.#dispatcher,
      headers: this.#headers(options, body !== undefined),
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.body.text()
    return {
      status: response.statusCode,
      contentType: String(response.headers['content-type']),
      warning: String(response.headers['warning'] ?? ''),
      text,
      body: parseBody(text),
    }
  }

  /** Reads a watch until `isEnough`, or until the server ends it. */
  async watch(
    path: string,
    isEnough: (events: WatchEvent[]) => boolean = () => false,
    options: CallOptions = {},
  ): Promise<WatchEvent[]> {
    const events: WatchEvent[] = []
    await this.#readWatch(path, options, (event) => {
      events.push(event)
      return isEnough(events)
    })
    return events
  }

  async #readWatch(path: string, options: CallOptions, onEvent: (event: WatchEvent) => boolean): Promise<void> {
    const cancel = new AbortController()
    const response = await request(`${this.#api.url}${path}`, {
      dispatcher: this.#dispatcher,
      headers: this.#headers(options, false),
      signal: cancel.signal,
    })
    let rest = ''
    try {
      for await (const chunk of response.body) {
        const lines = `${rest}${String(chunk)}`.split('\n')
        rest = lines.pop() ?? ''
        if (lines.some((line) => onEvent(JSON.parse(line) as WatchEvent))) return
      }
    } finally {
      cancel.abort()
      response.body.on('error', () => undefined)
    }
  }

  #headers({ contentType, accept, token = this.#api.token }: CallOptions, hasBody: boolean): Record<string, string> {
    return {
      authorization: `Bearer ${token}`,
      ...(hasBody && { 'content-type': contentType ?? 'application/json' }),
      ...(accept !== undefined && { accept }),
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

function parseBody(text: string): ApiBody {
  try {
    return JSON.parse(text) as ApiBody
  } catch {
    return {}
  }
}
