import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { KubernetesObject } from '../../../src/kubernetes/client.ts'

export type ApiVerb = 'list' | 'watch' | 'get' | 'create' | 'update' | 'patch' | 'delete'

export interface SeenRequest {
  verb: ApiVerb
  path: string
  namespace: string | undefined
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: unknown
}

/** Answers one request, or does something worse to it. */
export type ApiStep = (response: ServerResponse, request: SeenRequest) => void

interface OpenWatch {
  readonly request: SeenRequest
  readonly closed: boolean
  send(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR', object: unknown): void
  sendRaw(text: string): void
  /** As the server does after timeoutSeconds. */
  end(): void
  /** As a broken network does. */
  cut(): void
}

/**
 * An API server that follows a script, for the faults that a real one does not commit on request. Each expectation
 * answers one request of its verb, in order; a request that nobody scripted is answered with 501 and fails `close`.
 */
export class ApiDouble {
  readonly seen: SeenRequest[] = []
  readonly watches: OpenWatch[] = []
  connections = 0
  readonly #server: Server
  readonly #folder: string
  readonly #script = new Map<ApiVerb, ApiStep[]>()
  readonly #unexpected: string[] = []
  #fallback: ((request: SeenRequest) => ApiStep | undefined) | undefined

  private constructor(server: Server, folder: string) {
    this.#server = server
    this.#folder = folder
  }

  static async start(): Promise<ApiDouble> {
    const server = createServer()
    const double = new ApiDouble(server, await mkdtemp(join(tmpdir(), 'api-double-')))
    server.on('connection', () => {
      double.connections += 1
    })
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('error', () => {})
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const url = new URL(request.url ?? '/', 'http://double')
        const { verb, namespace } = classify(request.method ?? 'GET', url)
        const body: unknown = text === '' ? undefined : JSON.parse(text)
        double.#answer(response, {
          verb,
          namespace,
          path: url.pathname,
          query: url.searchParams,
          headers: request.headers,
          body,
        })
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return double
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Writes a kubeconfig for this double; `user` is the user's section. */
  async kubeconfig(
    user: Readonly<Record<string, unknown>> = {},
    cluster: Record<string, unknown> = {},
  ): Promise<string> {
    const path = join(this.#folder, 'kubeconfig')
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'double',
      contexts: [{ name: 'double', context: { cluster: 'double', user: 'tester' } }],
      clusters: [{ name: 'double', cluster: { server: this.url, 'insecure-skip-tls-verify': true, ...cluster } }],
      users: [{ name: 'tester', user }],
    }
    await writeFile(path, JSON.stringify(config))
    return path
  }

  /** A file beside the kubeconfig; returns its path. */
  async file(name: string, content: string): Promise<string> {
    await writeFile(join(this.#folder, name), content)
    return join(this.#folder, name)
  }

  expect(verb: ApiVerb, ...steps: ApiStep[]): this {
    this.#script.set(verb, [...(this.#script.get(verb) ?? []), ...steps])
    return this
  }

  /** Asked for requests that no expectation is left for. */
  otherwise(choose: (request: SeenRequest) => ApiStep | undefined): this {
    this.#fallback = choose
    return this
  }

  /** A step that opens a watch and leaves it to the test, in `watches`. */
  openWatch(): ApiStep {
    return (response, request) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      let closed = false
      response.on('close', () => {
        closed = true
      })
      this.watches.push({
        request,
        get closed() {
          return closed
        },
        send: (type, object) => void response.write(`${JSON.stringify({ type, object })}\n`),
        sendRaw: (text) => void response.write(text),
        end: () => void response.end(),
        cut: () => void response.socket?.destroy(),
      })
    }
  }

  count(verb: ApiVerb): number {
    return this.seen.filter((request) => request.verb === verb).length
  }

  /** The nth watch of the script, 0-based, which must be open. */
  watch(index: number): OpenWatch {
    const watch = this.watches[index]
    if (watch === undefined) throw new Error(`watch ${index} has not been opened; ${this.watches.length} have`)
    return watch
  }

  /** Ends every connection and checks that nobody asked for more than was scripted. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
    await rm(this.#folder, { recursive: true, force: true })
    assert.deepEqual(this.#unexpected, [], 'requests that nobody scripted')
  }

  #answer(response: ServerResponse, request: SeenRequest): void {
    this.seen.push(request)
    const step = this.#script.get(request.verb)?.shift() ?? this.#fallback?.(request)
    if (step !== undefined) return step(response, request)
    this.#unexpected.push(`${request.verb} ${request.path}`)
    refuse(501, 'NotScripted')(response, request)
  }
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): ApiStep {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

/** A Status object as the API server sends it. */
export function refuse(code: number, reason: string, headers: Record<string, string> = {}): ApiStep {
  return answer(code, { kind: 'Status', status: 'Failure', code, reason, message: `scripted ${reason}` }, headers)
}

export function listOf(items: KubernetesObject[], resourceVersion: string, continueToken?: string): ApiStep {
  return answer(200, { kind: 'List', metadata: { resourceVersion, continue: continueToken ?? '' }, items })
}

/** Takes the request and never answers. */
export function hang(): ApiStep {
  return () => {}
}

/** Takes the request and breaks the connection. */
export function cut(): ApiStep {
  return (response) => void response.socket?.destroy()
}

function classify(method: string, url: URL): { verb: ApiVerb; namespace: string | undefined } {
  const segments = url.pathname.split('/').filter(Boolean)
  const rest = segments.slice(segments[0] === 'api' ? 2 : 3)
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2
  const namespace = inNamespace ? rest[1] : undefined
  const onCollection = rest.length - (inNamespace ? 2 : 0) === 1
  if (method === 'GET' && url.searchParams.get('watch') === 'true') return { verb: 'watch', namespace }
  if (method === 'GET') return { verb: onCollection ? 'list' : 'get', namespace }
  const writes: Record<string, ApiVerb> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
  return { verb: writes[method] ?? 'get', namespace }
}
