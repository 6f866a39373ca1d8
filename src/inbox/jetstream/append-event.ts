import type { Taker } from '../../fairness/shared-room.ts'
import {
  InboxUnavailableError,
  type Appended,
  type AppendResult,
  type ClaimedDelivery,
  type DeadLetterReason,
  type FirstLeases,
  type NewEvent,
} from '../port.ts'
import { recognitionOf, type Recognition } from '../recognition.ts'
import { chargedBytesOf, isOverGivenUpShare, isOverOwnerShare, type Charge, type GivenUpRefusal } from '../rooms.ts'
import { toOpenRecord, type ClosedEventRecord, type FirstClaims, type OpenEventRecord } from './records.ts'
import { AppendGates } from './append-gate.ts'
import { claimIdOf } from './claim-id.ts'
import type { SharedDeps } from './shared-deps.ts'
import { idBytesOf } from './remembered-ids.ts'
import { eventKeyOf, takerOf, tokenOf } from './subjects.ts'
import { isForRoutes } from './write-lines.ts'

const maxEventIdCharacters = 256
/** An id that is written, forgotten and written again under our hands comes to rest after a few rounds. */
const maxRounds = 5
/** The server forgets an id by its own clock, later than we would: its clock and ours may differ. */
const forgetMarginMs = 3_600_000

export function closedRecord(
  nowMs: number,
  { rememberMs }: Pick<Recognition, 'rememberMs'>,
): { record: ClosedEventRecord; keepMs: number } {
  return { record: { kind: 'closed', forgetAtMs: nowMs + rememberMs }, keepMs: rememberMs + forgetMarginMs }
}

/** Who asks for how much. */
interface Asked {
  readonly taker: Taker
  readonly charge: Charge
}

export interface HowStored {
  readonly leases: FirstLeases
  /** Why all its deliveries are given up from the beginning. */
  readonly reason?: DeadLetterReason
}

/** Stores events: dedupe and write are one compare-and-set on the subject of what the event is recognised by. */
export class EventAppender {
  readonly #deps: SharedDeps
  readonly #gates: AppendGates
  readonly #reservedByOwner = new Map<string, number>()
  readonly #underWay = new Map<string, Promise<Appended>>()

  constructor(deps: SharedDeps) {
    this.#deps = deps
    this.#gates = new AppendGates(deps.quotas)
  }

  /**
   * Claims what is asked for in the same write, but for lanes in which something is due before it. Of what is given up
   * from the beginning `ownerFull` means that there is no room for it either.
   */
  async append(event: NewEvent, how: HowStored): Promise<Appended> {
    if (event.eventId.length > maxEventIdCharacters) {
      throw new TypeError(`eventId has ${event.eventId.length} characters; at most ${maxEventIdCharacters} are kept`)
    }
    const { key } = this.#recognised(event)
    if (this.#deps.ledger.event(key) !== undefined) return unclaimed('duplicate')
    for (;;) {
      const other = this.#underWay.get(key)
      if (other === undefined) break
      const result = (await other.catch(() => undefined))?.result
      if (result === 'stored' || result === 'duplicate') return unclaimed('duplicate')
    }
    const appended = this.#appendFirst(event, key, how).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, appended)
    return appended
  }

  /** Why it cannot be kept as given up from the beginning now; undefined when it may come. */
  refusalOfGivenUp(event: NewEvent): GivenUpRefusal | undefined {
    const { ledger } = this.#deps
    const { taker, charge } = this.#askedOf(event)
    const isOver =
      event.sinks.length > 0 && isOverGivenUpShare(this.#hasNow(event), event.body.length, this.#deps.bounds)
    return ledger.rooms.refusalOfGivenUp(taker, charge) ?? (isOver ? 'ownerFull' : undefined)
  }

  #askedOf(event: NewEvent): Asked {
    const { key } = this.#recognised(event)
    const idBytes = idBytesOf(this.#deps.subjects.event(key))
    return { taker: takerOf(key), charge: { bytes: chargedBytesOf(event), idBytes } }
  }

  /** What its owner has, with what is on its way. */
  #hasNow({ owner }: NewEvent): { events: number; bodyBytes: number } {
    const { events = 0, bodyBytes = 0 } = this.#deps.ledger.account(owner) ?? {}
    return { events: events + (this.#reservedByOwner.get(owner.uid) ?? 0), bodyBytes }
  }

  /** Of several appends of one id at once here, one at a time asks the stream. */
  async #appendFirst(event: NewEvent, key: string, how: HowStored): Promise<Appended> {
    const asked = this.#askedOf(event)
    const refusal = how.reason === undefined ? this.#refusalOf(event, asked) : this.refusalOfGivenUp(event)
    if (refusal !== undefined) {
      const answer = refusal === 'inboxFull' ? refusal : 'ownerFull'
      const isKnown = (await this.#isRemembered(key)) || (await this.#isStoredById(event))
      return unclaimed(isKnown ? 'duplicate' : answer)
    }
    const release = this.#reserve(event, asked)
    try {
      const appended = await this.#gates.write(event, () => this.#store(event, key, how))
      return appended === 'ownerBusy' ? unclaimed(appended) : appended
    } finally {
      release()
    }
  }

  #refusalOf(event: NewEvent, { taker, charge }: Asked): 'inboxFull' | 'ownerFull' | undefined {
    const { ledger, bounds } = this.#deps
    const refusal = ledger.rooms.refusalOf(taker, charge)
    if (refusal !== undefined || event.sinks.length === 0) return refusal
    return isOverOwnerShare(this.#hasNow(event), event.body.length, bounds) ? 'ownerFull' : undefined
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

  /** The key of its subject, and for how long that is remembered. */
  #recognised(event: NewEvent): Recognition {
    const { key, rememberMs } = recognitionOf(event, this.#deps.bounds)
    return { key: eventKeyOf(event.owner, key), rememberMs }
  }

  /** Of one with a key of its own: it came before its object told of any, and was stored under its id. */
  async #isStoredById({ owner, eventId, dedupe }: NewEvent): Promise<boolean> {
    return dedupe !== undefined && (await this.#isRemembered(eventKeyOf(owner, eventId)))
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

  async #store(event: NewEvent, key: string, { leases, reason }: HowStored): Promise<Appended> {
    const { store, subjects, clock, ledger, identity, bounds, instruments } = this.#deps
    if (await this.#isStoredById(event)) return unclaimed('duplicate')
    const subject = subjects.event(key)
    const started = clock.monotonic()
    let expectSeq = 0
    for (let round = 0; round < maxRounds; round += 1) {
      const nowMs = clock.now()
      const claims = this.#claimsOf(event, leases, nowMs)
      const home = identity.home
      const open = toOpenRecord(event, { storedAtMs: nowMs, home, claims, ...(reason !== undefined && { reason }) })
      // Without sinks the body is not needed: the id alone is kept.
      const put =
        event.sinks.length > 0 ? { record: open, body: event.body } : closedRecord(nowMs, recognitionOf(event, bounds))
      const result = await store.put({ subject, expectSeq, ...put, isForRoutes: isForRoutes(event.owner) })
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
