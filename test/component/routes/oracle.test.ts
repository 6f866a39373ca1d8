import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import type { NewEvent } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { askRoutes } from '../../../src/receiver/ask-routes.ts'
import { decodeShard } from '../../../src/receiver/decode-shard.ts'
import type { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import { opensEndpoint } from '../../../src/receiver/dynamic-endpoint.ts'
import { resolveSink } from '../../../src/receiver/resolve-sink.ts'
import { takesOwn } from '../../../src/routes/attached-route.ts'
import { routesSink } from '../../../src/routes/routes-sink.ts'
import { createRoutingSink } from '../../../src/routes/routing-sink.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { anOutgoing } from '../../support/builders/deliveries.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { aDynamicPart } from '../../support/doubles/dynamic-sender.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aKeyringEntry, directoryOf } from '../../support/worlds/receiver-fixture.ts'

/** What Google reported, as the oracle knows it: nothing of the product has read it. */
interface GivenEvent {
  id: string
  webhook: number
  type: string
  metadata: Record<string, string | number | boolean>
  receivedAtMs: number
  body: Buffer
}

/** What the owner of the webhook says of a route. */
interface GivenConsent {
  isWithdrawn: boolean
  /** undefined: it may see every type. */
  types: string[] | undefined
}

interface GivenRoute {
  uid: string
  webhook: number
  attachedAtMs: number
  isSuspended: boolean
  /** undefined: it asks for nothing of the kind. */
  exact: string[] | undefined
  prefixes: string[] | undefined
  equal: Record<string, string> | undefined
  beginning: Record<string, string> | undefined
  consent: GivenConsent
  /** Once the event was routed. */
  laterConsent: GivenConsent
}

/** Naively, by what a person reads in the description of the kind. */
const oracle = {
  getsCopy(route: GivenRoute, event: GivenEvent): boolean {
    if (route.webhook !== event.webhook) return false
    return event.receivedAtMs >= route.attachedAtMs && oracle.takesOwn(route, event)
  },
  /** Of a job of its own team, which named its endpoint. */
  takesOwn(route: GivenRoute, event: GivenEvent): boolean {
    if (!oracle.isAllowed(route.consent, event)) return false
    if (route.exact !== undefined || route.prefixes !== undefined) {
      let isWanted = false
      for (const type of route.exact ?? []) if (type === event.type) isWanted = true
      for (const prefix of route.prefixes ?? []) if (event.type.indexOf(prefix) === 0) isWanted = true
      if (!isWanted) return false
    }
    for (const key in route.equal) if (`${event.metadata[key]}` !== route.equal[key]) return false
    for (const key in route.beginning) {
      if (event.metadata[key] === undefined) return false
      if (`${event.metadata[key]}`.indexOf(`${route.beginning[key]}`) !== 0) return false
    }
    return true
  },
  isAllowed({ isWithdrawn, types }: GivenConsent, event: GivenEvent): boolean {
    if (isWithdrawn) return false
    return types === undefined || types.some((type) => type === event.type)
  },
  /** With the consent as it is when the copy is due. */
  fateOf(route: GivenRoute, event: GivenEvent): 'send' | 'hold' | 'refuse' {
    if (route.laterConsent.isWithdrawn) return 'refuse'
    if (route.isSuspended) return 'hold'
    return oracle.isAllowed(route.laterConsent, event) ? 'send' : 'refuse'
  },
}

const types = ['batch.succeeded', 'batch.failed', 'batch.expired', 'video.generated', 'interaction.completed']
const prefixes = ['batch.', 'batch.s', 'video.', 'interaction.completed', 'b', 'x.']
const keys = ['team', 'job_group', 'stage']
const values = ['search', 'ads', 'nightly-1', 'nightly-2', '7', 'true']
const beginnings = ['s', 'nightly-', '7', 'nothing']
const noonMs = Date.parse('2026-11-21T12:00:00Z')
const webhooks = [0, 1, 2]

/** Chance, made repeatable by its seed. */
class Chance {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = mulberry32(seed)
  }

  upTo(count: number): number {
    return Math.floor(this.#random() * count)
  }

  is(share: number): boolean {
    return this.#random() < share
  }

  one<T>(of: readonly T[]): T {
    return of[this.upTo(of.length)] as T
  }

  some<T>(of: readonly T[]): T[] {
    return of.filter(() => this.is(0.4))
  }

  route(number: number): GivenRoute {
    const pairs = (from: readonly string[]) => Object.fromEntries(this.some(keys).map((key) => [key, this.one(from)]))
    return {
      uid: `route-${number}`,
      webhook: this.one(webhooks),
      attachedAtMs: noonMs - this.upTo(2_000),
      isSuspended: this.is(0.1),
      exact: this.is(0.4) ? [this.one(types), ...this.some(types)] : undefined,
      prefixes: this.is(0.3) ? [this.one(prefixes), ...this.some(prefixes)] : undefined,
      equal: this.is(0.4) ? pairs(values) : undefined,
      beginning: this.is(0.2) ? pairs(beginnings) : undefined,
      consent: this.consent(),
      laterConsent: this.consent(),
    }
  }

  consent(): GivenConsent {
    return { isWithdrawn: this.is(0.15), types: this.is(0.4) ? this.some(types) : undefined }
  }

  event(number: number): GivenEvent {
    const common = { id: `msg_${number}`, webhook: this.one(webhooks), receivedAtMs: noonMs - this.upTo(2_000) }
    if (this.is(0.05)) return { ...common, type: 'unknown', metadata: {}, body: Buffer.from('{"type":"batch.succ') }
    const type = this.one(types)
    const metadata: GivenEvent['metadata'] = {}
    for (const key of this.some(keys)) metadata[key] = this.one<string | number | boolean>([...values, 7, true])
    const name = this.one(['user_metadata', 'userMetadata'])
    const told = { [name]: this.is(0.3) ? JSON.stringify(metadata) : metadata }
    const isInData = this.is(0.5)
    const data = { id: `batches/${number}`, ...(isInData && told) }
    const body = Buffer.from(JSON.stringify({ version: 'v1', type, ...(!isInData && told), data }))
    return { ...common, type, metadata, body }
  }
}

const uidOf = (webhook: number) => `webhook-${webhook}`

function entryOf(route: GivenRoute, consent: GivenConsent): KeyringEntry {
  const { exact, prefixes: starts, equal, beginning } = route
  const isFiltered = [exact, starts, equal, beginning].some((part) => part !== undefined)
  return aRouteEntry({
    uid: route.uid,
    name: route.uid,
    dynamic: aDynamicPart(route.uid),
    route: {
      webhookUid: uidOf(route.webhook),
      since: new Date(route.attachedAtMs).toISOString(),
      ...(isFiltered && {
        filter: {
          typesExact: exact ?? [],
          typesPrefix: starts ?? [],
          ...(equal !== undefined && { metadataExact: equal }),
          ...(beginning !== undefined && { metadataPrefix: beginning }),
        },
      }),
      ...(consent.types !== undefined && { allowedTypes: consent.types }),
      ...(consent.isWithdrawn && { refused: true }),
      ...(route.isSuspended && { suspended: true }),
    },
  })
}

/** What a receiver does with events, from the keyring to the moment before an attempt. */
class Product {
  readonly #routes: readonly GivenRoute[]
  readonly #webhooks: readonly KeyringEntry[]
  #directory: EndpointDirectory
  #copies: NewEvent[] = []

  constructor(routes: readonly GivenRoute[]) {
    this.#routes = routes
    this.#webhooks = webhooks.map((number) => aKeyringEntry({ uid: uidOf(number), name: uidOf(number) }))
    this.#directory = directoryOf(...this.#webhooks, ...routes.map((route) => entryOf(route, route.consent)))
  }

  /** The copies that routes get of each event. */
  async route(events: readonly GivenEvent[]): Promise<NewEvent[]> {
    const sink = createRoutingSink({
      indexOf: (uid) => this.#directory.routesOf(uid),
      typeOf: ({ body }) => parseEnvelope(body).type,
      append: async (copy) => {
        this.#copies.push(copy)
        return 'stored'
      },
      inbox: { appendGivenUp: () => assert.fail('nobody is full') },
      onFull: () => assert.fail('nobody is full'),
      clock: new FakeClock(),
      logger: silentLogger,
      metrics: createMetrics(),
    })
    const { signal } = new AbortController()
    for (const { id, webhook, receivedAtMs, body } of events) {
      const endpoint = this.#directory.lookup('ml', uidOf(webhook))
      if (endpoint?.sinks.includes('$routes') !== true) continue
      const event = anEvent({ owner: endpoint.owner, eventId: id, receivedAtMs, body, sinks: endpoint.sinks })
      assert.deepEqual(await sink.send(anOutgoing({ event, sink: routesSink }), signal), { type: 'delivered' })
    }
    return this.#copies
  }

  /** The sinks that an event gets which came by the endpoint of the route; undefined: it is not open. */
  sinksOfOwn({ uid }: GivenRoute, { body }: GivenEvent): readonly string[] | undefined {
    const endpoint = this.#directory.lookupRoute('search', uid)
    if (endpoint?.route === undefined || !opensEndpoint(endpoint.dynamic, uid, noonMs)) return undefined
    assert.deepEqual(endpoint.owner, { uid, namespace: 'search', name: `groute/${uid}` })
    return takesOwn(endpoint.route, { type: parseEnvelope(body).type, body }) ? endpoint.sinks : []
  }

  /** The consent of each route changes, in the keyring that this receiver watches. */
  changeConsent(): void {
    const entries = [...this.#webhooks, ...this.#routes.map((route) => entryOf(route, route.laterConsent))]
    for (const shard of new Set(entries.map(({ uid }) => keyringSecretNameFor(uid)))) {
      const own = entries.filter(({ uid }) => keyringSecretNameFor(uid) === shard)
      const texts = new Map(own.map((entry) => [entry.uid, JSON.stringify(entry)]))
      this.#directory.applyShard(shard, decodeShard(shard, texts))
    }
  }

  fateOf(copy: NewEvent): 'send' | 'hold' | 'refuse' {
    const resolved = resolveSink(this.#directory, copy.owner.uid, 'worker')
    if (resolved === 'suspended') return 'hold'
    if (resolved === 'routeRefused') return 'refuse'
    assert.ok(typeof resolved !== 'string', `${JSON.stringify(resolved)} is no answer of this test`)
    const { maySee } = askRoutes(this.#directory, { typeOf: ({ body }) => parseEnvelope(body).type, onDelivered() {} })
    return maySee(copy) ? 'send' : 'refuse'
  }
}

const seed = Number(process.env['GWH_SEED'] ?? Date.now() % 1_000_000)
const rounds = 40
const size = 50

test(`of ${rounds * size * size} events, routes and consents each is judged as an oracle does (GWH_SEED=${seed})`, async (t) => {
  const chance = new Chance(seed)
  const seen = { copies: 0, send: 0, hold: 0, refuse: 0, own: 0, unwanted: 0, closed: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const routes = Array.from({ length: size }, (_, number) => chance.route(number))
    const events = Array.from({ length: size }, (_, number) => chance.event(number))
    const product = new Product(routes)
    const copies = await product.route(events)
    for (const route of routes) {
      for (const event of events) {
        const want = oracle.takesOwn(route, event) ? ['worker'] : []
        const sinks = product.sinksOfOwn(route, event)
        assert.deepEqual(sinks, route.consent.isWithdrawn ? undefined : want, JSON.stringify({ route, event }))
        seen[sinks === undefined ? 'closed' : sinks.length > 0 ? 'own' : 'unwanted'] += 1
      }
    }
    product.changeConsent()
    const byKey = new Map(copies.map((copy) => [`${copy.owner.uid}/${copy.eventId}`, copy]))
    assert.equal(byKey.size, copies.length, 'no route gets an event twice')
    for (const route of routes) {
      for (const event of events) {
        const copy = byKey.get(`${route.uid}/${event.id}`)
        const triple = () => JSON.stringify({ route, event: { ...event, body: event.body.toString() } })
        assert.equal(copy !== undefined, oracle.getsCopy(route, event), triple())
        if (copy === undefined) continue
        assert.equal(copy.body, event.body)
        const fate = product.fateOf(copy)
        assert.equal(fate, oracle.fateOf(route, event), triple())
        seen.copies += 1
        seen[fate] += 1
      }
    }
  }
  t.diagnostic(JSON.stringify(seen))
  for (const count of Object.values(seen)) assert.ok(count > 100, `too few of a kind: ${JSON.stringify(seen)}`)
})
