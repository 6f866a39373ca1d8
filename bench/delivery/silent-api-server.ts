import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * An API server that takes connections and says nothing; goes with `parts`. A receiver waits for it as it waits for a
 * watch in which nothing happens: at a closed port it would knock thirteen times a second, which no cluster costs.
 */
export async function startSilentApiServer(parts: AsyncDisposableStack): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  parts.defer(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
