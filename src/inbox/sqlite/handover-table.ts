import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'

import type { DeadLetterReason, HandedDelivery, HandedEvent } from '../port.ts'
import { toEvent } from './event-row.ts'

/** Bodies in one answer: with what JSON makes of them it stays below what the admin port takes. */
const maxPageBytes = 4 * 1024 * 1024

type Row = Record<string, SQLOutputValue>

/** Reads what has not ended, to be taken over elsewhere. */
export class HandoverTable {
  readonly #database: DatabaseSync
  readonly #pendingEvents: StatementSync
  readonly #deadEvents: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#pendingEvents = database.prepare('SELECT event FROM deliveries ORDER BY id LIMIT ?')
    this.#deadEvents = database.prepare('SELECT event FROM dead_letters ORDER BY id LIMIT ?')
  }

  list(limit: number): HandedEvent[] {
    const pending = this.#pendingEvents.all(limit)
    const found = pending.length > 0 ? pending : this.#deadEvents.all(limit)
    const seqs = [...new Set(found.map(({ event }) => Number(event)))]
    const chosen = this.#eventsWithin(seqs)
    const deliveries = this.#deliveriesOf(chosen.map(({ seq }) => Number(seq)))
    return chosen.map((row) => {
      const own = deliveries.get(Number(row['seq'])) ?? []
      const event = { ...toEvent(row, ''), sinks: own.map(({ sink }) => sink) }
      return { ref: String(row['seq']), event, deliveries: own }
    })
  }

  #eventsWithin(seqs: readonly number[]): Row[] {
    const rows = this.#database
      .prepare(
        `SELECT e.*, o.uid, o.namespace, o.name FROM events e JOIN owners o ON o.id = e.owner
         WHERE e.seq IN (${marks(seqs)}) ORDER BY e.seq`,
      )
      .iterate(...seqs)
    const chosen: Row[] = []
    let bytes = 0
    for (const row of rows) {
      bytes += Number(row['body_bytes'])
      if (chosen.length > 0 && bytes > maxPageBytes) break
      chosen.push(row)
    }
    return chosen
  }

  /**
   * Pending ones and dead letters, in one look through each table: neither has an index by event, which nothing else
   * would use.
   */
  #deliveriesOf(seqs: readonly number[]): Map<number, HandedDelivery[]> {
    const rows = this.#database
      .prepare(
        `SELECT d.event, l.sink, d.attempts, d.first_due_ms, d.due_at_ms, d.replayed, d.last_cause, NULL AS reason, NULL AS ended_at_ms
           FROM deliveries d JOIN lanes l ON l.id = d.lane WHERE d.event IN (${marks(seqs)})
         UNION ALL
         SELECT d.event, l.sink, d.attempts, d.first_due_ms, d.ended_at_ms, 0, d.last_cause, d.reason, d.ended_at_ms
           FROM dead_letters d JOIN lanes l ON l.id = d.lane WHERE d.event IN (${marks(seqs)})`,
      )
      .all(...seqs, ...seqs)
    const byEvent = new Map<number, HandedDelivery[]>()
    for (const row of rows) {
      const seq = Number(row['event'])
      byEvent.set(seq, [...(byEvent.get(seq) ?? []), toHanded(row)])
    }
    return byEvent
  }
}

function toHanded(row: Row): HandedDelivery {
  const { reason, ended_at_ms: endedAtMs } = row
  return {
    sink: String(row['sink']),
    attempts: Number(row['attempts']),
    firstDueMs: Number(row['first_due_ms']),
    dueMs: Number(row['due_at_ms']),
    replayed: row['replayed'] === 1,
    ...(row['last_cause'] !== '' && { lastCause: String(row['last_cause']) }),
    // Only this program writes the column, from the same closed list.
    ...(reason !== null && { deadLetter: { reason: reason as DeadLetterReason, endedAtMs: Number(endedAtMs) } }),
  }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
