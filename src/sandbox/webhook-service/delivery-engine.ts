import { randomUUID } from 'node:crypto'

import type { Clock } from '../../clock.ts'
import type { Logger } from '../../observability/logger.ts'
import type { DeliveryTransport } from './delivery-transport.ts'
import type { DeliveryEffect, Faults } from './faults.ts'
import { afterAttemptAt, isSuccess } from './retry-schedule.ts'
import type { AttemptResult } from './retry-schedule.ts'
import type { SigningKeys } from './signer.ts'
import { projectOfSpace } from './store.ts'
import type { WebhookStore } from './store.ts'
import type { Switches } from './switches.ts'
import { afterAttempt, updateWebhook } from './webhook-record.ts'
import type { WebhookRecord } from './webhook-record.ts'

export type DeliveryTarget =
  { kind: 'static'; space: string; webhookId: string } | { kind: 'dynamic'; project: string; uri: string }

export interface NewDelivery {
  eventId: string
  eventType: string
  body: Uint8Array
  target: DeliveryTarget
  isPing?: boolean
}

export type DeliveryState = 'pending' | 'delivered' | 'gaveUp' | 'dropped'

export interface DeliveryRecord {
  deliveryId: string
  eventId: string
  eventType: string
  webhookId: string | undefined
  uri: string | undefined
  state: DeliveryState
  /** Why it was dropped. */
  reason: string | undefined
  attempts: (AttemptResult & { atMs: number })[]
}

interface Delivery extends NewDelivery {
  record: DeliveryRecord
  firstMs: number
  /** Effects wait for the first attempt; later ones are as they should be. */
  effects: DeliveryEffect[]
}

export interface DeliveryEngine {
  enqueue(delivery: NewDelivery): string
  deliveries(): DeliveryRecord[]
  /** Resolves when no attempt is under way. */
  idle(): Promise<void>
  close(): void
}

const keptDeliveries = 10_000

/** Sends events until they are answered 2xx, for as long as the schedule allows. The state that counts is the one at each attempt. */
export function createDeliveryEngine(deps: {
  store: WebhookStore
  keys: SigningKeys
  transport: DeliveryTransport
  faults: Faults
  switches: () => Switches
  clock: Clock
  random: () => number
  logger: Logger
}): DeliveryEngine {
  const { store, keys, transport, faults, switches, clock, random, logger } = deps
  let log: DeliveryRecord[] = []
  let heldBack: Delivery[] = []
  let idleWaiters: (() => void)[] = []
  let underWay = 0
  let closed = false

  function enqueue(given: NewDelivery): string {
    const webhookId = given.target.kind === 'static' ? given.target.webhookId : undefined
    const effects = faults.strikeDelivery({ webhookId, type: given.eventType })
    const copies = effects.flatMap((effect) => (effect.type === 'duplicate' ? [effect.copies] : []))
    const total = copies.reduce((sum, extra) => sum + extra, 1)
    const ids = Array.from({ length: total }, () => start(given, effects))
    return ids[0] ?? ''
  }

  function start(given: NewDelivery, effects: DeliveryEffect[]): string {
    const { eventId, eventType, target } = given
    const record: DeliveryRecord = {
      deliveryId: randomUUID(),
      eventId,
      eventType,
      webhookId: target.kind === 'static' ? target.webhookId : undefined,
      uri: target.kind === 'dynamic' ? target.uri : undefined,
      state: 'pending',
      reason: undefined,
      attempts: [],
    }
    log.push(record)
    if (log.length > keptDeliveries) log = log.slice(-keptDeliveries / 2)
    const delivery = { ...given, record, firstMs: clock.now(), effects }
    const delayMs = effects.reduce((sum, effect) => sum + (effect.type === 'delay' ? effect.ms : 0), 0)
    if (effects.some(({ type }) => type === 'drop')) drop(delivery, 'fault')
    else if (effects.some(({ type }) => type === 'reorder')) heldBack.push(delivery)
    else scheduleAttempt(delivery, delayMs)
    return record.deliveryId
  }

  function scheduleAttempt(delivery: Delivery, delayMs: number): void {
    clock.after(delayMs, () => {
      if (closed) return
      underWay++
      void attempt(delivery)
        .catch((error: unknown) => logger.error({ error: String(error) }, 'delivery.broken'))
        .finally(() => {
          underWay--
          releaseHeldBack()
          if (underWay > 0) return
          const waiting = idleWaiters
          idleWaiters = []
          for (const wake of waiting) wake()
        })
    })
  }

  function releaseHeldBack(): void {
    const released = heldBack
    heldBack = []
    for (const delivery of released) scheduleAttempt(delivery, 0)
  }

  function drop(delivery: Delivery, reason: string): void {
    delivery.record.state = 'dropped'
    delivery.record.reason = reason
  }

  async function attempt(delivery: Delivery): Promise<void> {
    const found = resolve(delivery)
    if (found.type === 'Drop') return drop(delivery, found.reason)
    const result = found.type === 'Hold' ? { error: 'held' } : await send(delivery, found.record, found.uri)
    if (found.type === 'Send') {
      delivery.record.attempts.push({ atMs: clock.now(), ...result })
      logger.debug({ eventType: delivery.eventType, ...result }, 'delivery.attempted')
    }
    decide(delivery, result)
  }

  /** What the webhook's present state means for a delivery. */
  function resolve(
    delivery: Delivery,
  ): { type: 'Send'; uri: string; record?: WebhookRecord } | { type: 'Hold' } | { type: 'Drop'; reason: string } {
    const { target, isPing = false } = delivery
    if (target.kind === 'dynamic') return { type: 'Send', uri: target.uri }
    const { deliveryLagMs, pingWhenDisabled, retriesWhileDisabled } = switches()
    const record = store.get(target.space, target.webhookId, clock.now() - deliveryLagMs)
    if (record === undefined) return { type: 'Drop', reason: 'deleted' }
    const wanted = record.state === 'enabled' || (isPing && pingWhenDisabled === 'delivered')
    if (wanted) return { type: 'Send', uri: record.uri, record }
    return retriesWhileDisabled === 'held' && !isPing ? { type: 'Hold' } : { type: 'Drop', reason: 'notEnabled' }
  }

  async function send(delivery: Delivery, record: WebhookRecord | undefined, uri: string): Promise<AttemptResult> {
    const { eventId, body, target, effects } = delivery
    delivery.record.uri = uri
    const skew = effects.reduce((sum, effect) => sum + (effect.type === 'skew' ? effect.seconds : 0), 0)
    const content = { id: eventId, timestamp: Math.floor(clock.now() / 1000) - skew, body }
    const settings = switches()
    const signature =
      record !== undefined && target.kind === 'static'
        ? keys.signStatic(record, projectOfSpace(target.space), content, { nowMs: clock.now(), switches: settings })
        : await keys.signDynamic(target.kind === 'dynamic' ? target.project : '', uri, content, settings)
    const tampered = effects.some(({ type }) => type === 'tamper')
    delivery.effects = []
    return transport.send({
      uri,
      headers: {
        'content-type': 'application/json',
        'user-agent': settings.userAgent,
        'webhook-id': eventId,
        'webhook-timestamp': String(content.timestamp),
        'webhook-signature': signature,
      },
      body: tampered ? Buffer.concat([body, Buffer.from(' ')]) : body,
      timeoutMs: settings.attemptTimeoutMs,
      acceptSelfSigned: settings.selfSignedTls === 'accepted',
    })
  }

  function decide(delivery: Delivery, result: AttemptResult): void {
    if (closed) return
    const { record, firstMs } = delivery
    const held = result.error === 'held'
    if (!held) countForWebhook(delivery, isSuccess(result))
    const attempt = Math.max(record.attempts.length, 1)
    const next = afterAttemptAt(result, { attempt, ageMs: clock.now() - firstMs, chance: random() }, switches())
    switch (next.type) {
      case 'Delivered':
        record.state = 'delivered'
        return
      case 'RetryIn':
        return scheduleAttempt(delivery, next.delayMs)
      case 'GiveUp':
        record.state = 'gaveUp'
        return
      case 'EndpointGone':
        record.state = 'gaveUp'
        return disable(delivery)
    }
  }

  function countForWebhook({ target, isPing = false }: Delivery, succeeded: boolean): void {
    if (target.kind !== 'static' || (isPing && switches().pingFailures === 'ignored' && !succeeded)) return
    const before = store.get(target.space, target.webhookId)
    if (before === undefined) return
    const after = afterAttempt(before, succeeded, { nowMs: clock.now(), switches: switches() })
    if (after !== before) store.put(target.space, after, clock.now())
  }

  function disable({ target }: Delivery): void {
    const record = target.kind === 'static' ? store.get(target.space, target.webhookId) : undefined
    if (target.kind !== 'static' || record === undefined) return
    const disabled = updateWebhook(record, { state: 'disabled_due_to_failed_deliveries' }, clock.now())
    store.put(target.space, disabled, clock.now())
  }

  return {
    enqueue,
    deliveries: () => structuredClone(log),
    async idle() {
      // A turn of the event loop first: what was just scheduled for now has not started yet.
      await new Promise<void>((turn) => setImmediate(turn))
      if (underWay > 0) await new Promise<void>((wake) => idleWaiters.push(wake))
    },
    close() {
      closed = true
    },
  }
}
