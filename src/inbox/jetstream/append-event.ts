import type { Taker } from '../../fairness/shared-room.ts'
import {
  InboxUnavailableError,
  type Appended,
  type AppendResult,
  type ClaimedDelivery,
  type FirstLeases,
  type NewEvent,
} from '../port.ts'
import { chargedBytesOf, isOverOwnerShare, type Charge } from '../rooms.ts'
import { toOpenRecord, type ClosedEventRecord, type FirstClaims, type OpenEventRecord } from './records.ts'
import { AppendGate } from './append-gate.ts'
import { claimIdOf } from './claim-id.ts'
import type { SharedDeps } from './shared-deps.ts'
import { idBytesOf } from './remembered-ids.ts'
import { eventKeyOf, takerOf, tokenOf } from './subjects.ts'

const maxEventIdCharacters = 256
/** An id that is written, forgotten and written again under our hands comes to rest after a few rounds. */
const maxRounds = 5
/** The server forgets an id by its own clock, later than we would: its clock and ours may differ. */
const forgetMarginMs = 3_600_000

export function closedRecord(nowMs: number, dedupeMs: number): { record: ClosedEventRecord; keepMs: number } {
  return { record: { kind: 'closed', forgetAtMs: nowMs + dedupeMs }, keepMs: dedupeMs + forgetMarginMs }
}

/** Who asks for how much. */
interface Asked {
  readonly taker: Taker
  readonly charge: Charge
}

/** Stores events: dedupe and write are one compare-and-set on the event's subject. */
export class EventAppender {
  readonly #deps: SharedDeps
  readonly #gate: AppendGate
  readonly #reservedByOwner = new Map<string, number>()
  readonly #underWay = new Map<string, Promise<Appended>>()

  constructor(deps: SharedDeps) {
    this.#deps = deps
    this.#gate = new AppendGate(deps.quotas)
  }

  /** Claims what is asked for in the same write, but for lanes in which something is due before it. */
  async append(event: NewEvent, leases: FirstLeases): Promise<Appended> {
    if (event.eventId.length > maxEventIdCharacters) {
      throw new TypeError(`eventId has ${event.eventId.length} characters; at most ${maxEventIdCharacters} are kept`)
    }
    const key = eventKeyOf(event.owner, event.eventId)
    if (this.#deps.ledger.event(key) !== undefined) return unclaimed('duplicate')
    for (;;) {
      const other = this.#underWay.get(key)
      if (other === undefined) break
      const result = (await other.catch(() => undefined))?.result
      if (result === 'stored' || result === 'duplicate') return unclaimed('duplicate')
    }
    const appended = this.#appendFirst(event, key, leases).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, appended)
    return appended
  }

  /** Of several appends of one id at once here, one at a time asks the stream. */
  async #appendFirst(event: NewEvent, key: string, leases: FirstLeases): Promise<Appended> {
    const idBytes = idBytesOf(this.#deps.subjects.event(key))
    const asked = { taker: takerOf(key), charge: { bytes: chargedBytesOf(event), idBytes } }
    const refusal = this.#refusalOf(event, asked)
    if (refusal !== undefined) return unclaimed((await this.#isRemembered(key)) ? 'duplicate' : refusal)
    const release = this.#reserve(event, asked)
    try {
      const appended = await this.#gate.write(event, () => this.#store(event, key, leases))
      return appended === 'ownerFull' ? unclaimed(appended) : appended
    } finally {
      release()
    }
  }

  #refusalOf(event: NewEvent, { taker, charge }: Asked): 'inboxFull' | 'ownerFull' | undefined {
    const { ledger, bounds } = this.#deps
    const refusal = ledger.rooms.refusalOf(taker, charge)
    if (refusal !== undefined || event.sinks.length === 0) return refusal
    const { events = 0, bodyBytes = 0 } = ledger.account(event.owner) ?? {}
    const reserved = this.#reservedByOwner.get(event.owner.uid) ?? 0
    return isOverOwnerShare({ events: events + reserved, bodyBytes }, event.body.length, bounds)
      ? 'ownerFull'
      : undefined
  }

  /** Counts it as if it were stored, until it is, or is not. */
  #reserve({ owner, sinks }: NewEvent, { taker, charge }: Asked): () => void {
    const { rooms } = this.#deps.ledger
    const count = (by: 1 | -1) => {
      rooms.addEvents(taker, sinks.length === 0 ? 0 : by)
      rooms.addBytes(taker, by * charge.bytes)
      rooms.addIdBytes(taker, by * charge.idBytes)
      const left = (this.#reservedByOwner.get(owner.uid) ?? 0) + by
      if (left === 0) this.#reservedByOwner.delete(owner.uid)
      else this.#reservedByOwner.set(owner.uid, left)
    }
    count(1)
    return () => count(-1)
  }

  async #isRemembered(key: string): Promise<boolean> {
    const { store, subjects, clock } = this.#deps
    const last = await store.last(subjects.event(key))
    return last !== undefined && (last.record.kind !== 'closed' || last.record.forgetAtMs > clock.now())
  }

  /** What in its lane is due already goes before it. */
  #claimsOf({ owner, sinks }: NewEvent, leases: FirstLeases, nowMs: number): FirstClaims {
    const { ledger, identity } = this.#deps
    const claimed = sinks.flatMap((sink) => {
      const leaseMs = leases.get(sink)
      return leaseMs === undefined || ledger.hasDue(owner, sink, nowMs) ? [] : [{ sink, leaseMs }]
    })
    return { run: identity.run, leases: claimed }
  }

  async #store(event: NewEvent, key: string, leases: FirstLeases): Promise<Appended> {
    const { store, subjects, clock, ledger, identity, bounds, instruments } = this.#deps
    const subject = subjects.event(key)
    const started = clock.monotonic()
    let expectSeq = 0
    for (let round = 0; round < maxRounds; round += 1) {
      const nowMs = clock.now()
      const claims = this.#claimsOf(event, leases, nowMs)
      const open = toOpenRecord(event, { storedAtMs: nowMs, home: identity.home, claims })
      // Without sinks the body is not needed: the id alone is kept.
      const put = event.sinks.length > 0 ? { record: open, body: event.body } : closedRecord(nowMs, bounds.dedupeMs)
      const result = await store.put({ subject, expectSeq, ...put })
      if (result.type === 'full') return unclaimed('inboxFull')
      if (result.type === 'stored') {
        if (put.record.kind === 'event') ledger.open(key, { seq: result.seq, record: open, nowMs: clock.now() })
        else ledger.close(key, { seq: result.seq, forgetAtMs: put.record.forgetAtMs, nowMs, from: 'us' })
        instruments.writeSeconds.observe((clock.monotonic() - started) / 1000)
        return { result: 'stored', claimed: claimedOf(event, key, result.seq, open) }
      }
      // Another writer was first. Read once more, from the stream's leader: a message that is not yet written is no
      // duplicate.
      const last = await store.last(subject)
      if (last?.record.kind === 'event') {
        ledger.open(key, { seq: last.seq, record: last.record, nowMs })
        return unclaimed('duplicate')
      }
      if (last?.record.kind === 'closed' && last.record.forgetAtMs > nowMs) return unclaimed('duplicate')
      expectSeq = last?.seq ?? 0
    }
    throw new InboxUnavailableError(`inbox: the stream would neither store the event nor show it; look at ${subject}`)
  }
}

function unclaimed(result: AppendResult): Appended {
  return { result, claimed: [] }
}

function claimedOf(event: NewEvent, key: string, seq: number, { claims, storedAtMs }: OpenEventRecord) {
  return (claims?.leases ?? []).map(({ sink }): ClaimedDelivery => {
    const deliveryId = claimIdOf({ key, sinkToken: tokenOf(sink), seq })
    return {
      deliveryId,
      sink,
      event: { ...event, sinks: [sink] },
      attempts: 0,
      firstDueMs: storedAtMs,
      replayed: false,
    }
  })
}
