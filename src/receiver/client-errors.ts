import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

import { unmapped } from './client-address.ts'
import type { RequestJournal } from './request-journal.ts'
import { answerOf, type AnsweredOutcome } from './status-codes.ts'

/** Node's codes for requests that never became one: they pass no hook and no route. */
const outcomeByCode: Readonly<Record<string, AnsweredOutcome>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'TooSlow',
  HPE_HEADER_OVERFLOW: 'HeadersTooLarge',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'BodyTooLarge',
}

/**
 * The client went away in the middle: there is no client to answer, and a body that was being read counts its own
 * abort.
 */
const goneCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'])

/** A handshake that failed, took too long, or was none. */
const tlsCodes = /^ERR_(?:SSL|TLS)_|^EPROTO$/

/** Answers and counts what the HTTP parser gave up on. */
export class ClientErrors {
  readonly #journal: RequestJournal
  readonly #onTlsFailure: () => void
  readonly #answered = new WeakSet<Socket>()

  constructor(journal: RequestJournal, onTlsFailure: () => void) {
    this.#journal = journal
    this.#onTlsFailure = onTlsFailure
  }

  /** For `clientError` of the server. The socket is ours to end: Node leaves it to the listener. */
  readonly handle = (error: NodeJS.ErrnoException, socket: Socket): void => {
    const code = error.code ?? ''
    if (tlsCodes.test(code)) {
      // No request, and no client that could read an answer without TLS.
      this.#onTlsFailure()
      socket.destroy()
      return
    }
    if (goneCodes.has(code) || !socket.writable) {
      socket.destroy()
      return
    }
    if (this.#answered.has(socket)) return
    this.#answered.add(socket)
    const outcome = outcomeByCode[code] ?? 'MalformedRequest'
    this.#journal.recordUnparsed(outcome, unmapped(socket.remoteAddress))
    const { status } = answerOf(outcome)
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    socket.destroySoon()
  }

  /** True when the request on this socket has been counted here already, so that its abort is not a second ending. */
  hasAnswered(socket: Socket): boolean {
    return this.#answered.has(socket)
  }
}
