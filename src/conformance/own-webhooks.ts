import { isOk, objectsIn, textIn, type Api, type ApiVersion } from './api.ts'

const ownPrefix = 'gwh-conformance '

/**
 * Whether a webhook of this name was made by this check: by it a later run finds what a killed one left. It is the
 * whole form of the name and not its beginning, because a person may call a webhook something like it.
 */
export function isOwnName(name: string): boolean {
  // Some are made longer, to find out how long a name may be.
  return /^gwh-conformance [0-9a-z]{6} \d{1,6}x*$/.test(name)
}

/** The service gives tokens without end, or a project that is not meant for this. */
const maxPages = 1_000

export interface OwnWebhook {
  readonly id: string
  readonly name: string
  readonly uri: string
  readonly version: ApiVersion
  readonly signingSecret: string
  /** The answer to its creation. */
  readonly shown: Readonly<Record<string, unknown>>
}

interface Place {
  /** Of this run, a few letters and digits. */
  readonly run: string
  /** A URL that ends in `/`; nothing is meant to arrive there. */
  readonly quietAddress: string
}

/** The webhooks of this run: made with a name of their own, and deleted whatever happens. */
export class OwnWebhooks {
  readonly #api: Api
  readonly #cleanUp: Api
  readonly #place: Place
  readonly #live = new Map<string, ApiVersion>()
  #made = 0

  /** `cleanUp`: for what must be done although the run is to end. */
  constructor({ api, cleanUp }: { api: Api; cleanUp: Api }, place: Place) {
    this.#api = api
    this.#cleanUp = cleanUp
    this.#place = place
  }

  get count(): number {
    return this.#live.size
  }

  /** A name and an address that no other webhook has. */
  next(): { name: string; uri: string } {
    const { run, quietAddress } = this.#place
    const nth = ++this.#made
    return { name: `${ownPrefix}${run} ${nth}`, uri: `${quietAddress}${run}/${nth}` }
  }

  /** One that was made in another way, with a name from here. */
  adopt(id: string, version: ApiVersion): void {
    this.#live.set(id, version)
  }

  /** The webhook, or the status with which the service refused it. */
  async tryCreate(
    given: { name?: string; uri?: string; events?: readonly string[]; version?: ApiVersion } = {},
  ): Promise<OwnWebhook | number> {
    const { name, uri, events = ['video.generated'], version = 'v1' } = { ...this.next(), ...given }
    const body = { name, uri, subscribed_events: events }
    const answer = await this.#api({ method: 'POST', path: 'webhooks', version, body })
    const id = textIn(answer.body, 'id')
    if (!isOk(answer) || id === '') return answer.status
    this.#live.set(id, version)
    return { id, name, uri, version, signingSecret: textIn(answer.body, 'new_signing_secret'), shown: answer.body }
  }

  /** Throws with what to do where the service refuses one that should pass. */
  async create(given: Parameters<OwnWebhooks['tryCreate']>[0] = {}): Promise<OwnWebhook> {
    const made = await this.tryCreate(given)
    if (typeof made !== 'number') return made
    const { uri } = this.next()
    throw new Error(
      `the service answered ${made} to a webhook for ${given.uri ?? uri}: if it does not like the address, give another`,
    )
  }

  /** Those of this run whose ids are known; the first failure is thrown once all were tried. */
  async removeAll(): Promise<void> {
    const failures: unknown[] = []
    for (const [id, version] of this.#live) {
      try {
        await this.#remove(id, version)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  async #remove(id: string, version: ApiVersion): Promise<void> {
    const answer = await this.#cleanUp({ method: 'DELETE', path: `webhooks/${encodeURIComponent(id)}`, version })
    if (!isOk(answer) && answer.status !== 404) throw new Error(`the service answered ${answer.status} to a deletion`)
    this.#live.delete(id)
  }

  /** Deletes all that carry the name of this check, of this run or of another; says how many there were. */
  async sweep(): Promise<number> {
    let swept = 0
    for (const version of ['v1', 'v1beta'] as const) {
      for (const { id } of (await listAll(this.#cleanUp, version)).filter(({ name }) => isOwnName(name))) {
        // A deletion would be one of the whole collection.
        if (id === '') throw new Error('the service shows a webhook of this check without an id')
        await this.#remove(id, version)
        swept++
      }
    }
    return swept
  }

  /** Everything in the project, of whomever. */
  list(version: ApiVersion): Promise<ListedWebhook[]> {
    return listAll(this.#api, version)
  }
}

interface ListedWebhook {
  readonly id: string
  readonly name: string
}

async function listAll(api: Api, version: ApiVersion): Promise<ListedWebhook[]> {
  const all = new Map<string, string>()
  let token = ''
  for (let page = 0; page < maxPages; page++) {
    const query = `page_size=1000${token === '' ? '' : `&page_token=${encodeURIComponent(token)}`}`
    const answer = await api({ method: 'GET', path: `webhooks?${query}`, version })
    if (!isOk(answer)) throw new Error(`the service answered ${answer.status} to a list of its webhooks`)
    for (const shown of objectsIn(answer.body, 'webhooks')) all.set(textIn(shown, 'id'), textIn(shown, 'name'))
    token = textIn(answer.body, 'next_page_token') || textIn(answer.body, 'nextPageToken')
    if (token === '') break
  }
  return [...all].map(([id, name]) => ({ id, name }))
}
