import type { Socket } from 'node:net'

import type { TurnPath } from '../fairness/turns.ts'
import type { ConnectionState } from './connection-book.ts'

/** Bytes that are kept for one connection. `take` is false, and nothing is counted, where they do not fit. */
export interface WaitingRoom {
  take(bytes: number): boolean
  give(bytes: number): void
}

interface GateOwner {
  /** Something has come that may pass. */
  readonly arrived: (gate: IntakeGate) => void
  readonly roomFor: (gate: IntakeGate) => WaitingRoom
  /** What has come cannot be kept: ends the connection. */
  readonly noRoom: () => void
}

const endOfHead = '\r\n\r\n'
/**
 * Bytes are handed on up to the end of what may be a head, but not fewer than these: the end of a head is also what an
 * empty line of a body looks like, and each part costs a call of the parser. So few that no more than a handful of
 * requests fit.
 */
const minPartBytes = 128
const nothing = Buffer.alloc(0)

/**
 * Where the bytes of one connection come in. A part is handed to the parser while no complete request is under way;
 * everything else is kept here, and nothing more is read from the connection then, so that its sender waits, too.
 */
export class IntakeGate {
  readonly socket: Socket
  readonly connection: ConnectionState
  /** It is in a line for its turn. */
  isWaiting = false
  /** Whose turn the request that has begun takes. */
  path: TurnPath = ['']
  readonly #owner: GateOwner
  readonly #push: Socket['push']
  readonly #read: Socket['_read']
  /** As they came, none of them empty. TLS brings several at once. */
  readonly #kept: Buffer[] = []
  #keptBytes = 0
  /** What is counted for them. */
  #room: { of: WaitingRoom; bytes: number } | undefined
  /** The stream has asked for more while some was kept. */
  #isMoreWanted = false
  /** The other side has ended, behind what is kept. */
  #hasEnded = false

  constructor(socket: Socket, connection: ConnectionState, owner: GateOwner) {
    this.socket = socket
    this.connection = connection
    this.#owner = owner
    this.#push = socket.push.bind(socket)
    this.#read = socket._read.bind(socket)
    socket.push = this.#take
    socket._read = (size) => {
      if (this.#keptBytes > 0) this.#isMoreWanted = true
      else this.#read(size)
    }
    socket.on('resume', () => {
      if (this.canPass) owner.arrived(this)
    })
    socket.once('close', () => this.drop())
    // Node's server reads past the stream unless it has a listener.
    socket.on('data', () => {})
  }

  /** The next that would pass. */
  get next(): Uint8Array {
    return this.#kept[0] ?? nothing
  }

  /** Some is kept, and nothing stands before it. */
  get canPass(): boolean {
    const { isAnswering, isEnding } = this.connection
    return this.#keptBytes > 0 && !isAnswering && !isEnding && !this.socket.isPaused() && !this.socket.destroyed
  }

  /** Hands on what is kept, up to the end of one request. */
  pass(): void {
    const before = this.connection.answered
    while (this.canPass && this.connection.answered === before) this.#push(this.#nextPart())
    if (this.connection.isEnding) return this.drop()
    if (this.#keptBytes > 0) return this.#keep()
    this.#forget()
    if (this.#hasEnded) this.#push(null)
    else if (this.#isMoreWanted) this.#readOn()
    this.#hasEnded = false
  }

  /**
   * Discards what is kept, to which no answer is expected. Reading continues: unread bytes would reset the connection
   * before the client has the last answer.
   */
  drop(): void {
    const isHeldUp = this.#keptBytes > 0 || this.#isMoreWanted
    this.#kept.length = this.#keptBytes = 0
    // Also where nothing is left: what was handed on last may be what ended the connection, and is still counted.
    this.#forget()
    if (isHeldUp && !this.socket.destroyed) this.#readOn()
  }

  readonly #take = (bytes: unknown, encoding?: BufferEncoding): boolean => {
    if (bytes === null && this.#keptBytes > 0) {
      this.#hasEnded = true
      return false
    }
    if (!Buffer.isBuffer(bytes) || bytes.length === 0) return this.#push(bytes, encoding)
    if (this.socket.destroyed) return false
    if (this.connection.isEnding) return true
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    if (this.canPass) this.#owner.arrived(this)
    if (this.#keptBytes === 0) return true
    this.#keep()
    return false
  }

  #nextPart(): Buffer {
    const first = this.#kept[0] ?? nothing
    const at = first.indexOf(endOfHead, minPartBytes - endOfHead.length, 'latin1')
    const end = at === -1 ? first.length : at + endOfHead.length
    if (end === first.length) this.#kept.shift()
    else this.#kept[0] = first.subarray(end)
    this.#keptBytes -= end
    return first.subarray(0, end)
  }

  /** Counts what stays. */
  #keep(): void {
    const bytes = this.#keptBytes
    const room = (this.#room ??= { of: this.#owner.roomFor(this), bytes: 0 })
    const more = bytes - room.bytes
    if (more > 0 && !room.of.take(more)) return this.#owner.noRoom()
    if (more < 0) room.of.give(-more)
    room.bytes = bytes
  }

  #forget(): void {
    this.#room?.of.give(this.#room.bytes)
    this.#room = undefined
  }

  #readOn(): void {
    this.#isMoreWanted = false
    this.#read(this.socket.readableHighWaterMark)
  }
}
