import type { Quotas } from '../fairness/quotas.ts'
import { SharedRoom } from '../fairness/shared-room.ts'
import type { NewEvent } from './port.ts'
import { overheadOf } from './rooms.ts'
import { Turns } from './turns.ts'

/** What may wait: behind a volume or a server that hangs, memory is what fills. */
const maxWaitingBytes = 64 * 1024 * 1024
const pageBytes = 4_096

interface Append<T> {
  readonly event: NewEvent
  readonly bytes: number
  readonly waiting: T
}

/**
 * An event whose turn it is, who waits for it, and what writing it costs: in rows, and pages of its body, which take
 * about as long.
 */
interface AppendTurn<T> {
  readonly event: NewEvent
  readonly waiting: T
  readonly cost: number
}

/**
 * Events that wait to be written, in turns: namespaces by what their events cost, in each its objects. What waits is
 * shared by them too, in bytes.
 */
export class AppendTurns<T> {
  readonly #quotas: Quotas
  readonly #namespaces = new Turns<string, Turns<string, Append<T>[]>>(() => new Turns(() => []))
  /** In bytes. */
  readonly #room: SharedRoom

  constructor(quotas: Quotas) {
    this.#quotas = quotas
    this.#room = new SharedRoom({
      total: maxWaitingBytes,
      weightOf: (namespace) => quotas.weightOf(namespace),
      maxShareOf: (namespace) => quotas.maxShareOf(namespace),
    })
  }

  get isEmpty(): boolean {
    return this.#namespaces.size === 0
  }

  /** False: its owner has so much waiting that no more is taken of it. */
  add(event: NewEvent, waiting: T): boolean {
    const { namespace, uid } = event.owner
    const bytes = overheadOf(event) + event.body.length
    if (this.#room.freeFor([namespace, uid]) < bytes) return false
    this.#room.take([namespace, uid], bytes)
    this.#namespaces.add(namespace).add(uid).push({ event, bytes, waiting })
    return true
  }

  /** Takes out the event whose turn it is; undefined when none waits. */
  next(): AppendTurn<T> | undefined {
    const turn = this.#namespaces.next()
    const next = turn?.own.next()
    const append = next?.own.shift()
    if (turn === undefined || next === undefined || append === undefined) return undefined
    const { event, bytes, waiting } = append
    this.#room.give([turn.key, next.key], bytes)
    const cost = costOf(event)
    turn.own.serve(next.key, 1 / cost)
    if (next.own.length > 0) turn.own.add(next.key)
    turn.own.forget()
    this.#namespaces.serve(turn.key, this.#quotas.weightOf(turn.key) / cost)
    if (turn.own.size > 0) this.#namespaces.add(turn.key)
    this.#namespaces.forget()
    return { event, waiting, cost }
  }
}

/** Its own row, that of its id, one for each delivery, and the pages of its body. */
function costOf({ body, sinks }: NewEvent): number {
  return 2 + sinks.length + Math.floor(body.length / pageBytes)
}
