import type { Socket } from 'node:net'

import type { Clock } from '../clock.ts'
import type { Quotas } from '../fairness/quotas.ts'
import { Turns, type TurnPath } from '../fairness/turns.ts'
import type { ConnectionBook } from './connection-book.ts'
import { IntakeGate, type WaitingRoom } from './intake-gate.ts'

export interface IntakeOptions {
  readonly connections: ConnectionBook
  /**
   * The namespace that a request beginning with these bytes says it is for, where there is one of that name; otherwise
   * ''.
   */
  readonly namespaceIn: (bytes: Uint8Array) => string
  /** Memory for what has come and waits, shared by the first element of the path. */
  readonly roomFor: (path: TurnPath) => WaitingRoom
  readonly quotas: Quotas
  readonly clock: Clock
}

/**
 * How long requests may be taken in before the next turn of the event loop accepts others: a new connection waits about
 * so long.
 */
const sliceMs = 2

/**
 * Takes in what comes over the connections of one port, before any parser. A connection has one request under way: what
 * was sent behind it stays where it is until it is answered, so that nothing is made of it. While more comes than one
 * thread can answer, connections wait their turn: namespaces by the time that their requests take, each connection in
 * its namespace once for each request. Strangers together count as one namespace; among themselves they take turns by
 * the namespace in their path, which proves nothing, and then by their address.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #gates = new WeakMap<Socket, IntakeGate>()
  readonly #turns: Turns<IntakeGate>
  /** Since the event loop came round. */
  #spentMs = 0
  #isScheduled = false

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#turns = new Turns(options.quotas)
  }

  /** From now on what comes over it goes this way. It is in the book already, and its listeners of 'data' are there. */
  guard(socket: Socket): void {
    const connection = this.#options.connections.stateOf(socket)
    if (connection === undefined) return
    this.#gates.set(
      socket,
      new IntakeGate(socket, connection, {
        arrived: this.#arrived,
        roomFor: (gate) => this.#options.roomFor(this.#pathOf(gate)),
        noRoom: () => this.#options.connections.crowdOut(socket),
      }),
    )
  }

  /** A request of this connection is being answered: what was sent behind it gets its turn after that. */
  answered(socket: Socket): void {
    const gate = this.#gates.get(socket)
    if (gate !== undefined) this.#await(gate)
  }

  readonly #arrived = (gate: IntakeGate): void => {
    if (this.#turns.waiting > 0 || this.#spentMs >= sliceMs) return this.#await(gate)
    this.#spentMs += this.#timed(() => gate.pass())
    // Also to know when the event loop has come round.
    this.#schedule()
    this.#await(gate)
  }

  #await(gate: IntakeGate): void {
    if (gate.connection.isEnding) return gate.drop()
    if (gate.isWaiting || !gate.canPass) return
    gate.isWaiting = true
    this.#turns.add(this.#pathOf(gate), gate)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#serve)
  }

  readonly #serve = (): void => {
    this.#isScheduled = false
    for (this.#spentMs = 0; this.#spentMs < sliceMs;) {
      const turn = this.#turns.take()
      if (turn === undefined) break
      const gate = turn.job
      gate.isWaiting = false
      const costMs = this.#timed(() => gate.pass())
      this.#turns.done(turn, costMs)
      this.#spentMs += costMs
      this.#await(gate)
    }
    this.#spentMs = 0
    if (this.#turns.waiting > 0) this.#schedule()
  }

  #timed(pass: () => void): number {
    const { clock } = this.#options
    const startedMs = clock.monotonic()
    pass()
    return clock.monotonic() - startedMs
  }

  #pathOf(gate: IntakeGate): TurnPath {
    const { standing, namespace, isReceiving } = gate.connection
    if (standing === 'proven') return [namespace]
    if (!isReceiving) {
      const named = this.#options.namespaceIn(gate.next)
      gate.path = standing === 'proxy' && named !== '' ? [named] : ['', named, gate.socket.remoteAddress ?? '']
    }
    return gate.path
  }
}
