import { createServer, type Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'

/** Short ones cost the reader most for each byte. */
const chunk = Buffer.from('X-A: b\r\n'.repeat(5_000))

/**
 * A sink whose answers never come to the end of their headers, on a thread of its own: it writes as fast as it can.
 * Tells its port.
 */
const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\n')
    writeOn(socket)
  })
}).listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address(), []))

function writeOn(socket: Socket): void {
  let goesOn = true
  while (goesOn && !socket.destroyed) goesOn = socket.write(chunk)
  if (!socket.destroyed) socket.once('drain', () => writeOn(socket))
}
