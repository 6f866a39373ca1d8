import type { Duplex } from 'node:stream'

/**
 * Takes what comes over a connection, before any parser; `pass` hands a part of it on and says whether more is wanted
 * now.
 */
export type Reader = (bytes: Uint8Array, pass: (part: Uint8Array) => boolean) => boolean

const readers = new WeakMap<Duplex, Reader>()

/**
 * Puts a gate where a connection's bytes come in: `push`, which everything that is read from it passes, encrypted or
 * not. The request under way reads there; bytes that arrive without one end the connection, because they would be taken
 * for the answer to the next request.
 */
export function guardReading(connection: Duplex): void {
  const pass = connection.push.bind(connection)
  connection.push = (bytes: unknown, encoding?: BufferEncoding) => {
    if (!(bytes instanceof Uint8Array) || bytes.length === 0) return pass(bytes, encoding)
    if (connection.destroyed) return false
    const reader = readers.get(connection)
    if (reader !== undefined) return reader(bytes, pass)
    connection.destroy()
    return false
  }
}

/** The reader of all that comes from now on, until the returned function is called. */
export function readFrom(connection: Duplex, reader: Reader): () => void {
  readers.set(connection, reader)
  return () => {
    if (readers.get(connection) === reader) readers.delete(connection)
  }
}
