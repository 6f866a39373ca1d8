import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'

import { errorAnswer } from '../../contract/admin-api/answers.ts'
import type { ArrivedEntry, DeliveryEntry } from '../../contract/admin-api/deliveries.ts'
import {
  adminHeader,
  versionHeader,
  type AdminRoute,
  type AnswerOf,
  type GivenTo,
} from '../../contract/admin-api/route.ts'
import { adminRoutes, deliveryStream, eventStream, type AdminRoutes } from '../../contract/admin-api/routes.ts'
import { writeGiven } from '../../contract/admin-api/write-given.ts'
import type { Clock } from '../../clock.ts'
import { readBounded } from '../../outbound/read-bounded.ts'
import { UnjudgedError } from '../unjudged-error.ts'

/** Nothing came for so long. A replay of a thousand deliveries, with every write synced, takes some seconds. */
const maxSilenceMs = 60_000
/** A page of a thousand entries, or of events with their bodies. */
const maxAnswerBytes = 128 * 1024 * 1024

/**
 * How a receiver refuses a path, or a field of a request, that it does not know: with those that it knows. This program
 * asks for nothing that a receiver of its own version does not know.
 */
const namesPaths = 'there are '
const namesFields = 'a field is not one of '

const isOlder = (what: string) => `the receiver does not know ${what}: it is older than this gwh`

export interface AdminClientOptions {
  /** The receiver pod that it calls, for messages. */
  readonly pod: string
  /** Of this program. */
  readonly version: string
  readonly connect: () => Promise<Duplex>
  readonly clock: Clock
}

interface FollowOptions<Entry> {
  readonly onEntry: (entry: Entry) => Promise<void>
  readonly onOpen?: (() => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The admin API of one receiver, a connection for each request. */
export class AdminClient {
  readonly #options: AdminClientOptions

  constructor(options: AdminClientOptions) {
    this.#options = options
  }

  /**
   * The answer. Throws with what the receiver says when it refuses, an UnjudgedError when it answers something else
   * than the route's contract.
   */
  async ask<Name extends keyof AdminRoutes>(
    name: Name,
    given?: GivenTo<AdminRoutes[Name]>,
  ): Promise<AnswerOf<AdminRoutes[Name]>> {
    const route = adminRoutes[name]
    const response = await this.#send(route, given)
    const json = parse((await inWords(readBounded(response, maxAnswerBytes))).toString('utf8'))
    if (response.statusCode === 200) return this.#judge(route, json, response)
    const { error = 'no reason given' } = errorAnswer.safeParse(json).data ?? {}
    if (response.statusCode === 404 && error.startsWith(namesPaths))
      throw new Error(`${this.#options.pod}: ${isOlder(route.path)}`)
    if (response.statusCode === 400 && error.startsWith(namesFields))
      throw new Error(`${this.#options.pod}: ${isOlder(`all that was asked of ${route.path}`)}: ${error}`)
    throw new Error(`the receiver answered ${response.statusCode}: ${error}`)
  }

  /** As the receiver tells it with every answer; undefined where it is so old that it does not. */
  async readVersion(): Promise<string | undefined> {
    const response = await this.#send(adminRoutes.readStats, undefined)
    response.resume()
    const { [versionHeader]: version } = response.headers
    return typeof version === 'string' ? version : undefined
  }

  /**
   * Calls back with each delivery as it happens until the stream ends, or something else comes; before the first with
   * `onOpen`: what happens from then on is in the stream. Throws once `signal` aborts.
   */
  follow(
    given: GivenTo<typeof deliveryStream>,
    onEntry: (entry: DeliveryEntry) => void,
    { onOpen, signal }: { onOpen?: () => void; signal?: AbortSignal } = {},
  ): Promise<void> {
    return this.#follow(deliveryStream, given, { onEntry: async (entry) => onEntry(entry), onOpen, signal })
  }

  /** The same with each event as it is stored, one after the other; the next one waits for `onEvent`. */
  followEvents(given: GivenTo<typeof eventStream>, onEvent: (event: ArrivedEntry) => Promise<void>): Promise<void> {
    return this.#follow(eventStream, given, { onEntry: onEvent })
  }

  async #follow<Route extends AdminRoute>(
    route: Route,
    given: GivenTo<Route>,
    { onEntry, onOpen, signal }: FollowOptions<AnswerOf<Route>>,
  ): Promise<void> {
    const response = await this.#send(route, given, { isStream: true, signal })
    if (response.statusCode === 404) throw new Error(isOlder(route.path))
    if (response.statusCode !== 200) throw new Error(`the receiver answered ${response.statusCode}`)
    onOpen?.()
    await inWords(this.#readLines(route, response, onEntry))
  }

  async #readLines<Route extends AdminRoute>(
    route: Route,
    response: IncomingMessage,
    onEntry: (entry: AnswerOf<Route>) => Promise<void>,
  ): Promise<void> {
    for await (const line of createInterface({ input: response })) {
      if (line !== '') await onEntry(this.#judge(route, parse(line), response))
    }
  }

  /** Names the pod, the call and the first field that is wrong; never its value. */
  #judge<Route extends AdminRoute>(
    { method, path, answer }: Route,
    json: unknown,
    { headers }: IncomingMessage,
  ): AnswerOf<Route> {
    const parsed = answer.safeParse(json)
    if (parsed.success) return parsed.data as AnswerOf<Route>
    const [issue] = parsed.error.issues
    const field = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    const theirs = headers[versionHeader]
    const versions =
      typeof theirs === 'string'
        ? `this receiver is of version ${theirs}, gwh of ${this.#options.version}`
        : 'is this receiver of another version than gwh?'
    throw new UnjudgedError(
      `${this.#options.pod}: ${method} ${path}: the answer cannot be judged: ${field}${issue?.message ?? 'unreadable'}; ${versions}`,
    )
  }

  async #send<Route extends AdminRoute>(
    route: Route,
    given: GivenTo<Route> | undefined,
    { isStream = false, signal }: { isStream?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<IncomingMessage> {
    const socket = await this.#options.connect()
    const { target, body } = writeGiven(route, given)
    const headers = {
      host: 'localhost',
      [adminHeader]: 'gwh',
      connection: 'close',
      'content-length': Buffer.byteLength(body),
    }
    const options = { method: route.method, path: target, headers, signal, createConnection: () => socket }
    return new Promise((resolve, reject) => {
      const call = request(options)
      const silence = watchSilence(socket, this.#options.clock, (error) => call.destroy(error))
      call.once('response', (response) => {
        if (isStream) silence.stop()
        else silence.onSilence = (error) => response.destroy(error)
        resolve(response)
      })
      call.once('error', reject)
      call.end(body)
    })
  }
}

/**
 * Says when nothing has come for too long. A forwarded connection is no socket: of the timeouts of `node:http` it knows
 * nothing.
 */
function watchSilence(connection: Duplex, clock: Clock, onSilence: (error: Error) => void) {
  const watch = { onSilence, stop }
  let cancel: (() => void) | undefined
  const wait = () => {
    cancel?.()
    cancel = clock.after(maxSilenceMs, () => watch.onSilence(new Error(`no answer in ${maxSilenceMs} ms`)))
  }
  function stop() {
    cancel?.()
    connection.off('data', wait)
  }
  wait()
  connection.on('data', wait)
  connection.once('close', stop)
  return watch
}

/** A pod that ends takes its connections along, within an answer: `node:http` calls that "aborted" and no more. */
async function inWords<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof Error && error.message === 'aborted')) throw error
    throw new Error('the connection ended within the answer: has the pod ended?', { cause: error })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
