import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'

import { pageAddresses, pageHeader, type PageError } from '../../../src/contract/page/addresses.ts'
import type { ActionRequest, ActionResult } from '../../../src/contract/page/actions.ts'
import type {
  DeadLetter,
  DeliveryLife,
  DeliveryPage,
  EventBody,
  SelectionCount,
} from '../../../src/contract/page/deliveries.ts'
import type { PageMessage } from '../../../src/contract/page/messages.ts'
import type { RouteDetail } from '../../../src/contract/page/routes.ts'
import type { WebhookDetail } from '../../../src/contract/page/webhook-detail.ts'
import { eventually } from '../measures/eventually.ts'

type MessageOf<Type extends PageMessage['type']> = Extract<PageMessage, { type: Type }>

interface Answers {
  [pageAddresses.webhook]: WebhookDetail
  [pageAddresses.route]: RouteDetail
  [pageAddresses.delivery]: DeliveryLife
  [pageAddresses.deadLetters]: DeliveryPage<DeadLetter>
  [pageAddresses.count]: SelectionCount
  [pageAddresses.body]: EventBody
}
type AnswerAt<Address extends string> = Address extends keyof Answers ? Answers[Address] : Record<string, unknown>

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** What a browser does with the address that `gwh ui` prints, as far as the wire goes. */
export class PageClient {
  readonly #origin: string
  readonly #page: string
  readonly #cookie: string

  private constructor(origin: string, page: string, cookie: string) {
    this.#origin = origin
    this.#page = page
    this.#cookie = cookie
  }

  /** Follows the address: its token becomes a cookie. */
  static async open(url: string): Promise<PageClient> {
    const { origin } = new URL(url)
    const { headers } = await ask(url, {})
    const [cookie = ''] = headers['set-cookie']?.[0]?.split(';') ?? []
    return new PageClient(origin, `${origin}${headers.location}`, cookie)
  }

  /** As JSON, whatever the status is. */
  async get<Address extends string>(
    address: Address,
    query: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: AnswerAt<Address> & Partial<PageError> }> {
    const search = new URLSearchParams(query).toString()
    const { status, text } = await ask(`${this.#page}${address}?${search}`, this.#headers())
    return { status, body: JSON.parse(text) as AnswerAt<Address> & Partial<PageError> }
  }

  async act(action: ActionRequest): Promise<ActionResult> {
    const { status, body } = await this.post(pageAddresses.act, action)
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
    return body as ActionResult
  }

  /** As JSON, whatever the status is. */
  async post(address: string, given: unknown): Promise<{ status: number; body: unknown }> {
    const headers = { ...this.#headers(), 'content-type': 'application/json', [pageHeader]: '1' }
    const { status, text } = await ask(`${this.#page}${address}`, headers, JSON.stringify(given))
    return { status, body: JSON.parse(text) }
  }

  async stream(): Promise<PageStream> {
    const response = await send(`${this.#page}${pageAddresses.stream}`, this.#headers())
    return new PageStream(response)
  }

  #headers() {
    return { cookie: this.#cookie, origin: this.#origin, 'sec-fetch-site': 'same-origin' }
  }
}

/** All that a page has been told on one stream. */
export class PageStream {
  readonly messages: PageMessage[] = []
  readonly #response: IncomingMessage
  isEnded = false

  constructor(response: IncomingMessage) {
    this.#response = response
    response.on('error', () => {}).on('close', () => (this.isEnded = true))
    createInterface({ input: response })
      .on('error', () => {}) // its end follows
      .on('line', (line) => {
        if (line.startsWith('data: ')) this.messages.push(JSON.parse(line.slice(6)) as PageMessage)
      })
  }

  of<Type extends PageMessage['type']>(type: Type): MessageOf<Type>[] {
    return this.messages.filter((message): message is MessageOf<Type> => message.type === type)
  }

  /** The first message of that type that is as wanted. */
  until<Type extends PageMessage['type']>(
    type: Type,
    isWanted: (message: MessageOf<Type>) => boolean,
  ): Promise<MessageOf<Type>> {
    return eventually(`a message ${type}`, () => this.of(type).find(isWanted))
  }

  close(): void {
    this.#response.destroy()
  }
}

async function ask(url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Answer> {
  const response = await send(url, headers, body)
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }
}

function send(url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers, method: body === undefined ? 'GET' : 'POST', agent: false }, resolve)
    call.once('error', reject)
    call.end(body)
  })
}
