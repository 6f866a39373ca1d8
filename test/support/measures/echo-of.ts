import type { Duplex } from 'node:stream'

/** Writes the bytes in pieces, and resolves with as many as come back. */
export async function echoOf(stream: Duplex, sent: Buffer, pieceBytes = 30_000): Promise<Buffer> {
  for (let at = 0; at < sent.length; at += pieceBytes) stream.write(sent.subarray(at, at + pieceBytes))
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= sent.length) break
  }
  return Buffer.concat(chunks)
}
