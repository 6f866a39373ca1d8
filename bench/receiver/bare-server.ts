import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The yardstick: what `node:http` does when it does nothing. A process of its own; logs its port. */
const server = createServer((_request, response) => {
  response.statusCode = 204
  response.end()
})
server.listen({ host: '127.0.0.1', port: 0 }, () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ message: 'bare.started', port })}\n`)
})
