import type { AttemptResult } from './retry-schedule.ts'

type DeliveryTarget =
  { kind: 'static'; space: string; webhookId: string } | { kind: 'dynamic'; project: string; uri: string }

export interface NewDelivery {
  eventId: string
  eventType: string
  body: Uint8Array
  target: DeliveryTarget
  isPing?: boolean
}

/** What became of one event on its way to one endpoint. */
export interface DeliveryRecord {
  deliveryId: string
  eventId: string
  eventType: string
  webhookId: string | undefined
  /** Where the last attempt went. */
  uri: string | undefined
  state: 'pending' | 'delivered' | 'gaveUp' | 'dropped'
  /** Why it was dropped. */
  reason: 'deleted' | 'notEnabled' | 'fault' | undefined
  attempts: (AttemptResult & { atMs: number })[]
}

const keptDeliveries = 10_000

/** The last ten thousand deliveries. Google shows none; whoever tests against the simulator wants to know. */
export class DeliveryLog {
  #records: DeliveryRecord[] = []

  open(deliveryId: string, { eventId, eventType, target }: NewDelivery): DeliveryRecord {
    const record: DeliveryRecord = {
      deliveryId,
      eventId,
      eventType,
      webhookId: target.kind === 'static' ? target.webhookId : undefined,
      uri: target.kind === 'dynamic' ? target.uri : undefined,
      state: 'pending',
      reason: undefined,
      attempts: [],
    }
    this.#records.push(record)
    if (this.#records.length > keptDeliveries) this.#records = this.#records.slice(-keptDeliveries / 2)
    return record
  }

  records(webhookId?: string): DeliveryRecord[] {
    return structuredClone(this.#records.filter((record) => webhookId === undefined || record.webhookId === webhookId))
  }
}
