import { InboxUnavailableError, type AppendResult, type NewEvent } from '../port.ts'
import { toOpenRecord, type ClosedEventRecord } from './records.ts'
import type { SharedParts } from './shared-parts.ts'
import { eventKeyOf } from './subjects.ts'

const maxEventIdCharacters = 256
/** What may wait for the server at once: behind one that hangs, memory is what fills. */
const maxWaitingBytes = 64 * 1024 * 1024
/** What a message takes in the stream besides its body, roughly: between two looks at its real size. */
const recordOverheadBytes = 512
/** An id that is written, forgotten and written again under our hands comes to rest after a few rounds. */
const maxRounds = 5
/** The server forgets an id by its own clock, later than we would: its clock and ours may differ. */
const forgetMarginMs = 3_600_000

export function closedRecord(nowMs: number, dedupeMs: number): { record: ClosedEventRecord; keepMs: number } {
  return { record: { kind: 'closed', forgetAtMs: nowMs + dedupeMs }, keepMs: dedupeMs + forgetMarginMs }
}

/** Stores events: dedupe and write are one compare-and-set on the event's subject. */
export class EventAppender {
  readonly #parts: SharedParts
  #waitingBytes = 0
  #reservedEvents = 0
  readonly #reservedByOwner = new Map<string, number>()
  readonly #underWay = new Map<string, Promise<AppendResult>>()
  /** Of the whole stream: what it said last, and what we have added since. */
  usedBytes = 0

  constructor(parts: SharedParts) {
    this.#parts = parts
  }

  async append(event: NewEvent): Promise<AppendResult> {
    if (event.eventId.length > maxEventIdCharacters) {
      throw new TypeError(`eventId has ${event.eventId.length} characters; at most ${maxEventIdCharacters} are kept`)
    }
    if (this.#waitingBytes > maxWaitingBytes) throw new InboxUnavailableError('inbox: too much waits for the stream')
    const key = eventKeyOf(event.owner, event.eventId)
    if (this.#parts.ledger.event(key) !== undefined) return 'duplicate'
    for (;;) {
      const other = this.#underWay.get(key)
      if (other === undefined) break
      const result = await other.catch(() => undefined)
      if (result === 'stored' || result === 'duplicate') return 'duplicate'
    }
    const appended = this.#appendFirst(event, key).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, appended)
    return appended
  }

  /** Of several appends of one id at once here, one at a time asks the stream. */
  async #appendFirst(event: NewEvent, key: string): Promise<AppendResult> {
    const refusal = this.#refusalOf(event)
    if (refusal !== undefined) return (await this.#isRemembered(key)) ? 'duplicate' : refusal
    const release = this.#reserve(event)
    try {
      return await this.#store(event, key)
    } finally {
      release()
    }
  }

  #refusalOf({ owner, body }: NewEvent): 'inboxFull' | 'ownerFull' | undefined {
    const { ledger, bounds } = this.#parts
    const { maxBytes, maxEvents, ownerShare } = bounds
    const bytes = body.length
    if (this.usedBytes + bytes > maxBytes || ledger.totals.events + this.#reservedEvents >= maxEvents)
      return 'inboxFull'
    const account = ledger.account(owner)
    const events = (account?.events ?? 0) + (this.#reservedByOwner.get(owner.uid) ?? 0)
    const isOwnerFull = events >= maxEvents * ownerShare || (account?.bodyBytes ?? 0) + bytes > maxBytes * ownerShare
    return isOwnerFull ? 'ownerFull' : undefined
  }

  #reserve({ owner, body }: NewEvent): () => void {
    const count = (by: number) => {
      this.#waitingBytes += by * body.length
      this.#reservedEvents += by
      const left = (this.#reservedByOwner.get(owner.uid) ?? 0) + by
      if (left === 0) this.#reservedByOwner.delete(owner.uid)
      else this.#reservedByOwner.set(owner.uid, left)
    }
    count(1)
    return () => count(-1)
  }

  async #isRemembered(key: string): Promise<boolean> {
    const { store, subjects, clock } = this.#parts
    const last = await store.last(subjects.event(key))
    return last !== undefined && (last.record.kind !== 'closed' || last.record.forgetAtMs > clock.now())
  }

  async #store(event: NewEvent, key: string): Promise<AppendResult> {
    const { store, subjects, clock, ledger, identity, bounds, instruments } = this.#parts
    const subject = subjects.event(key)
    const started = clock.monotonic()
    let expectSeq = 0
    for (let round = 0; round < maxRounds; round += 1) {
      const nowMs = clock.now()
      const open = toOpenRecord(event, nowMs, identity.home)
      // Without sinks nobody will ask for the body: the id alone is kept.
      const put = event.sinks.length > 0 ? { record: open, body: event.body } : closedRecord(nowMs, bounds.dedupeMs)
      const result = await store.put({ subject, expectSeq, ...put })
      if (result.type === 'full') return 'inboxFull'
      if (result.type === 'stored') {
        this.usedBytes += recordOverheadBytes + ('body' in put ? event.body.length : 0)
        if (put.record.kind === 'event') ledger.open(key, result.seq, open)
        instruments.writeSeconds.observe((clock.monotonic() - started) / 1000)
        return 'stored'
      }
      // Somebody was first. Asked once more, of the stream's leader: what is only about to be written is no duplicate yet.
      const last = await store.last(subject)
      if (last?.record.kind === 'event') {
        ledger.open(key, last.seq, last.record)
        return 'duplicate'
      }
      if (last?.record.kind === 'closed' && last.record.forgetAtMs > nowMs) return 'duplicate'
      expectSeq = last?.seq ?? 0
    }
    throw new InboxUnavailableError(`inbox: the stream would neither store the event nor show it; look at ${subject}`)
  }
}
