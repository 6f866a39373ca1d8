import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { defaultInboxBounds } from '../../../src/inbox/bounds.ts'
import { packAppend, packRecord, unpackResult } from '../../../src/inbox/sqlite/batch-codec.ts'
import { BatchRunner } from '../../../src/inbox/sqlite/batch-runner.ts'
import { ByteWriter } from '../../../src/inbox/sqlite/byte-codec.ts'
import { openDatabase } from '../../../src/inbox/sqlite/open-database.ts'
import type { Call } from '../../../src/inbox/sqlite/worker-protocol.ts'
import type { NextStep } from '../../../src/inbox/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'

const startMs = 1_795_262_400_000
const dayMs = 24 * 3_600_000
const leaseMs = 1_000
const sinks = ['a', 'b']
const bounds = { ...defaultInboxBounds, deadLetterKeepMs: 1_000 * dayMs }

/** What may happen to an inbox, in any order. Small numbers name an event, or one of the claims that are held. */
const happening = fc.oneof(
  fc.record({ type: fc.constant('append' as const), event: fc.nat(2), claimed: fc.subarray(sinks) }),
  fc.record({
    type: fc.constant('record' as const),
    claim: fc.nat(9),
    next: fc.constantFrom<NextStep['type']>('Succeed', 'RetryAt', 'DeadLetter'),
  }),
  fc.constantFrom(...(['claim', 'replay', 'restart'] as const)).map((type) => ({ type })),
  fc.constant({ type: 'maintain' as const }),
  fc.constantFrom(leaseMs + 1, 2 * dayMs, -2 * dayMs).map((byMs) => ({ type: 'clock' as const, byMs })),
)
type Happening = typeof happening extends fc.Arbitrary<infer One> ? One : never

/** Whether the disk refuses the commit. */
const step = fc.tuple(
  happening,
  fc.integer({ min: 0, max: 4 }).map((dice) => dice === 0),
)

class World {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gwh-first-claims-'))
  #fails = false
  #nowMs = startMs
  #runner: BatchRunner
  #held: { id: number; claim: number; key: string }[] = []
  /** By the row of the delivery: the claim that counts. */
  readonly #latest = new Map<number, number>()
  /** Every delivery that was accepted, by event and sink, and whether it ended. */
  readonly #accepted = new Map<string, 'open' | 'done'>()

  constructor() {
    this.#runner = this.#open()
  }

  #open(): BatchRunner {
    const settings = { path: join(this.#folder, 'inbox.sqlite'), bounds, setAsideDamaged: false }
    return new BatchRunner({ ...settings, nowMs: this.#nowMs }, (path) => {
      const database = openDatabase(path)
      const exec = database.exec.bind(database)
      database.exec = (sql) => {
        if (sql === 'COMMIT' && this.#fails) throw new Error('disk I/O error')
        exec(sql)
      }
      return database
    })
  }

  #run(pack: (writer: ByteWriter) => void, calls: readonly Call[] = []) {
    const writer = new ByteWriter()
    pack(writer)
    const answer = this.#runner.run({ type: 'batch', items: writer.take(), calls, nowMs: this.#nowMs })
    if (answer.type === 'done') return answer
    assert.ok(this.#fails, answer.type === 'failed' ? answer.problem : answer.type)
    return undefined
  }

  happen(what: Happening, fails: boolean): void {
    this.#fails = fails
    if (what.type === 'clock') this.#nowMs += what.byMs
    else if (what.type === 'append') this.#append(what.event, what.claimed)
    else if (what.type === 'record') this.#record(what.claim, what.next)
    else if (what.type === 'claim') this.#claim()
    else if (what.type === 'maintain') this.#run(() => {}, [{ type: 'maintain' }])
    else if (what.type === 'replay') this.#replayAll()
    else this.#restart()
    this.#fails = false
  }

  #append(number: number, claimed: readonly string[]): void {
    const keys = sinks.map((sink) => `msg_${number} ${sink}`)
    const leases = new Map(claimed.map((sink) => [sink, leaseMs]))
    const answer = this.#run((writer) => packAppend(writer, anEvent({ eventId: `msg_${number}`, sinks }), leases))
    if (answer === undefined) return
    const result = unpackResult(answer.results[0])
    if (keys.some((key) => this.#accepted.get(key) === 'open')) assert.equal(result, 'duplicate', 'it is kept')
    if (result === 'duplicate')
      return assert.ok(
        keys.every((key) => this.#accepted.has(key)),
        'it was never stored',
      )
    assert.equal(result, 'stored')
    for (const key of keys) this.#accepted.set(key, 'open')
    this.#held = this.#held.filter(({ key }) => !keys.includes(key)) // of a life before, which was forgotten
    for (const { deliveryId, sink } of answer.claims.get(0) ?? []) this.#hold(deliveryId, `msg_${number} ${sink}`)
  }

  #hold(deliveryId: string, key: string): void {
    const [id = 0, claim = 0] = deliveryId.split('.').map(Number)
    assert.equal(this.#accepted.get(key), 'open', `${key} is sent again after its end`)
    this.#held.push({ id, claim, key })
    this.#latest.set(id, claim)
  }

  #record(at: number, type: NextStep['type']): void {
    const [held] = this.#held.splice(at % Math.max(this.#held.length, 1), 1)
    if (held === undefined) return
    const { id, claim, key } = held
    const answer = this.#run((writer) => packRecord(writer, id, claim, this.#stepOf(type)))
    const counts = answer !== undefined && this.#latest.get(id) === claim
    if (counts && type === 'Succeed') this.#accepted.set(key, 'done')
  }

  #stepOf(type: NextStep['type']): NextStep {
    if (type === 'RetryAt') return { type, atMs: this.#nowMs + 500 }
    return type === 'DeadLetter' ? { type, reason: 'Rejected' } : { type: 'Succeed' }
  }

  #claim(): void {
    const [call] = this.#run(() => {}, [{ type: 'claim', limit: 100, leaseMs }])?.calls ?? []
    if (call?.type !== 'claim') return
    const keys = this.#pending()
    for (const { deliveryId } of call.claims) this.#hold(deliveryId, keys.get(deliveryId.split('.')[0] ?? '') ?? '')
  }

  #pending(): Map<string, string> {
    const [call] = this.#run(() => {}, [{ type: 'pending', query: { limit: 1_000 } }])?.calls ?? []
    assert.equal(call?.type, 'pending')
    const pending = call?.type === 'pending' ? call.page.pending : []
    return new Map(pending.map(({ deliveryId, eventId, sink }) => [deliveryId, `${eventId} ${sink}`]))
  }

  #replayAll(): void {
    const [call] = this.#run(() => {}, [{ type: 'deadLetters', query: { limit: 1_000 } }])?.calls ?? []
    const letters = call?.type === 'deadLetters' ? call.page.deadLetters : []
    for (const { deliveryId } of letters) this.#run(() => {}, [{ type: 'replay', deliveryId }])
  }

  /** All that was held is forgotten, as by a kill; nothing of what was committed is. */
  #restart(): void {
    this.#runner.close()
    this.#held = []
    this.#runner = this.#open()
  }

  /** What did not end is there, once, and can be ended; then nothing is left, and in the end no id either. */
  end(): void {
    this.#nowMs = startMs + 100 * dayMs
    this.#restart()
    this.#replayAll()
    const open = [...this.#accepted].flatMap(([key, state]) => (state === 'open' ? [key] : []))
    assert.deepEqual([...this.#pending().values()].toSorted(), open.toSorted())
    for (let round = 0; round < 50 && this.#pending().size > 0; round++) {
      this.#claim()
      while (this.#held.length > 0) this.#record(0, 'Succeed')
      this.#replayAll() // what restarts made a suspect
      this.#nowMs += leaseMs
    }
    this.#nowMs += 2 * dayMs
    const answer = this.#run(() => {}, [{ type: 'maintain' }])
    const { events, bodyBytes, pending, deadLetters, rememberedIds } = answer?.report.totals ?? {}
    assert.deepEqual([events, bodyBytes, pending, deadLetters, rememberedIds], [0, 0, 0, 0, 0])
  }

  close(): void {
    this.#runner.close()
    rmSync(this.#folder, { recursive: true })
  }
}

test('whatever happens to claims of appends, nothing is lost, nothing is there twice, and no id stays for ever', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 40 }), (steps) => {
      const world = new World()
      try {
        for (const [what, fails] of steps) world.happen(what, fails)
        world.end()
      } finally {
        world.close()
      }
    }),
    { numRuns: 40 },
  )
})
