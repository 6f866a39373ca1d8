import { randomUUID } from 'node:crypto'

import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { changeEvent, changeSignature, type ApiChanges } from './api-changes.ts'
import { DeliveryLog, type DeliveryRecord, type NewDelivery } from './delivery-record.ts'
import type { DeliveryTransport, Outgoing } from './delivery-transport.ts'
import type { DeliveryEffect, Faults } from './faults.ts'
import { afterAttemptAt, isSuccess, type AttemptResult } from './retry-schedule.ts'
import type { SigningKeys } from './signer.ts'
import { projectOfSpace, type WebhookStore } from './store.ts'
import type { Switches } from './switches.ts'
import { afterAttempt, updateWebhook, type WebhookRecord } from './webhook-record.ts'

interface Delivery extends NewDelivery {
  record: DeliveryRecord
  firstMs: number
  /** Strike at the first attempt; later ones are as they should be. */
  effects: readonly DeliveryEffect[]
}

/** What the present state of a webhook means for a delivery to it. */
type Clearance =
  | { type: 'Send'; uri: string; webhook: WebhookRecord | undefined }
  | { type: 'Hold' }
  | { type: 'Drop'; reason: 'deleted' | 'notEnabled' }

interface EngineDeps {
  store: WebhookStore
  keys: SigningKeys
  transport: DeliveryTransport
  faults: Faults
  switches: () => Switches
  apiChanges: () => ApiChanges
  clock: Clock
  /** In [0, 1), for jitter. */
  random: () => number
  logger: Logger
  onAttempt: ((sent: Outgoing, result: AttemptResult) => void) | undefined
}

/**
 * Sends each event until it is answered 2xx, for as long as the schedule allows. What counts is the webhook's state at
 * each attempt.
 */
export class DeliveryEngine {
  readonly #deps: EngineDeps
  readonly #log = new DeliveryLog()
  #heldBack: Delivery[] = []
  #underWay = 0
  #idleWaiters: (() => void)[] = []
  #closed = false

  constructor(deps: EngineDeps) {
    this.#deps = deps
  }

  /** Starts a delivery and gives its id; with a duplicate fault, that of the first copy. */
  enqueue(given: NewDelivery): string {
    const { target, eventType } = given
    const delivery = { ...given, body: changeEvent(given.body, this.#deps.apiChanges()) }
    const webhookId = target.kind === 'static' ? target.webhookId : undefined
    const effects = this.#deps.faults.strikeDelivery({ webhookId, type: eventType })
    const copies = sumOf(effects, (effect) => (effect.type === 'duplicate' ? effect.copies : 0))
    const deliveryId = this.#start(delivery, effects)
    for (let copy = 0; copy < copies; copy++) this.#start(delivery, effects)
    return deliveryId
  }

  deliveries(webhookId?: string): DeliveryRecord[] {
    return this.#log.records(webhookId)
  }

  /** Resolves when no attempt is under way. */
  async idle(): Promise<void> {
    // A turn of the event loop first, for what was scheduled for now and has not started yet.
    await new Promise<void>((turn) => setImmediate(turn))
    if (this.#underWay > 0) await new Promise<void>((wake) => this.#idleWaiters.push(wake))
  }

  /** Nothing is attempted any more. */
  close(): void {
    this.#closed = true
  }

  #start(given: NewDelivery, effects: readonly DeliveryEffect[]): string {
    const record = this.#log.open(randomUUID(), given)
    const delivery = { ...given, record, firstMs: this.#deps.clock.now(), effects }
    if (effects.some(({ type }) => type === 'drop')) endDelivery(record, 'dropped', 'fault')
    else if (effects.some(({ type }) => type === 'reorder')) this.#heldBack.push(delivery)
    else
      this.#schedule(
        delivery,
        sumOf(effects, (effect) => (effect.type === 'delay' ? effect.ms : 0)),
      )
    return record.deliveryId
  }

  #schedule(delivery: Delivery, delayMs: number): void {
    this.#deps.clock.after(delayMs, () => {
      if (this.#closed) return
      this.#underWay++
      void this.#attempt(delivery)
        .catch((error: unknown) => this.#deps.logger.error({ error: String(error) }, 'simulator.delivery_broken'))
        .finally(() => this.#afterEach())
    })
  }

  #afterEach(): void {
    this.#underWay--
    const released = this.#heldBack
    this.#heldBack = []
    for (const delivery of released) this.#schedule(delivery, 0)
    if (this.#underWay > 0) return
    const waiting = this.#idleWaiters
    this.#idleWaiters = []
    for (const wake of waiting) wake()
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const clearance = this.#clear(delivery)
    switch (clearance.type) {
      case 'Drop':
        return endDelivery(delivery.record, 'dropped', clearance.reason)
      case 'Hold':
        return this.#goOn(delivery, { error: 'held' })
      case 'Send': {
        const result = await this.#send(delivery, clearance)
        if (this.#closed) return
        delivery.record.attempts.push({ atMs: this.#deps.clock.now(), ...result })
        const { status: httpStatus, ...rest } = result
        this.#deps.logger.debug({ eventType: delivery.eventType, httpStatus, ...rest }, 'simulator.delivery_attempted')
        this.#countForWebhook(delivery, isSuccess(result))
        return this.#goOn(delivery, result)
      }
    }
  }

  #clear({ target, isPing = false }: Delivery): Clearance {
    if (target.kind === 'dynamic') return { type: 'Send', uri: target.uri, webhook: undefined }
    const { deliveryLagMs, pingWhenDisabled, retriesWhileDisabled } = this.#deps.switches()
    const webhook = this.#deps.store.get(target.space, target.webhookId, this.#deps.clock.now() - deliveryLagMs)
    if (webhook === undefined) return { type: 'Drop', reason: 'deleted' }
    const wanted = webhook.state === 'enabled' || (isPing && pingWhenDisabled === 'delivered')
    if (wanted) return { type: 'Send', uri: webhook.uri, webhook }
    return retriesWhileDisabled === 'held' && !isPing ? { type: 'Hold' } : { type: 'Drop', reason: 'notEnabled' }
  }

  async #send(delivery: Delivery, to: Extract<Clearance, { type: 'Send' }>): Promise<AttemptResult> {
    const { switches, transport, clock } = this.#deps
    const { eventId, body, effects } = delivery
    const settings = switches()
    const skewSeconds = sumOf(effects, (effect) => (effect.type === 'skew' ? effect.seconds : 0))
    const content = { id: eventId, timestamp: Math.floor(clock.now() / 1000) - skewSeconds, body }
    const signature = changeSignature(await this.#sign(delivery, to, content), this.#deps.apiChanges())
    delivery.record.uri = to.uri
    delivery.effects = []
    const outgoing = {
      uri: to.uri,
      headers: {
        'content-type': 'application/json',
        'user-agent': settings.userAgent,
        'webhook-id': eventId,
        'webhook-timestamp': String(content.timestamp),
        'webhook-signature': signature,
      },
      body: effects.some(({ type }) => type === 'tamper') ? Buffer.concat([body, Buffer.from(' ')]) : body,
      timeoutMs: settings.attemptTimeoutMs,
      acceptSelfSigned: settings.selfSignedTls === 'accepted',
    }
    const result = await transport.send(outgoing)
    this.#deps.onAttempt?.(outgoing, result)
    return result
  }

  async #sign(
    { target }: Delivery,
    { uri, webhook }: Extract<Clearance, { type: 'Send' }>,
    content: { id: string; timestamp: number; body: Uint8Array },
  ): Promise<string> {
    const { keys, switches, clock } = this.#deps
    if (target.kind === 'dynamic') return keys.signDynamic(target.project, uri, content, switches())
    if (webhook === undefined) throw new Error('a static delivery without its webhook')
    const context = { nowMs: clock.now(), switches: switches() }
    return keys.signStatic(webhook, projectOfSpace(target.space), content, context)
  }

  /** Ends the delivery or schedules its next attempt. */
  #goOn(delivery: Delivery, result: AttemptResult): void {
    const { clock, random, switches } = this.#deps
    const { record, firstMs } = delivery
    const attempt = Math.max(record.attempts.length, 1)
    const next = afterAttemptAt(result, { attempt, ageMs: clock.now() - firstMs, chance: random() }, switches())
    switch (next.type) {
      case 'Delivered':
        return endDelivery(record, 'delivered')
      case 'RetryIn':
        return this.#schedule(delivery, next.delayMs)
      case 'GiveUp':
        return endDelivery(record, 'gaveUp')
      case 'EndpointGone':
        endDelivery(record, 'gaveUp')
        return this.#changeWebhook(delivery, (webhook) =>
          updateWebhook(webhook, { state: 'disabled_due_to_failed_deliveries' }, clock.now()),
        )
    }
  }

  #countForWebhook(delivery: Delivery, succeeded: boolean): void {
    const { clock, switches } = this.#deps
    if (delivery.isPing === true && switches().pingResults === 'ignored') return
    const context = { nowMs: clock.now(), switches: switches() }
    this.#changeWebhook(delivery, (webhook) => afterAttempt(webhook, succeeded, context))
  }

  #changeWebhook({ target }: Delivery, change: (webhook: WebhookRecord) => WebhookRecord): void {
    if (target.kind !== 'static') return
    const before = this.#deps.store.get(target.space, target.webhookId)
    const after = before === undefined ? undefined : change(before)
    if (after !== undefined && after !== before) this.#deps.store.put(target.space, after, this.#deps.clock.now())
  }
}

function sumOf(effects: readonly DeliveryEffect[], amount: (effect: DeliveryEffect) => number): number {
  return effects.reduce((sum, effect) => sum + amount(effect), 0)
}

function endDelivery(
  record: DeliveryRecord,
  state: 'delivered' | 'gaveUp' | 'dropped',
  reason?: DeliveryRecord['reason'],
): void {
  record.state = state
  record.reason = reason
}
