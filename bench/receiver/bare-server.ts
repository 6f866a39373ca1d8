import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { tellCost } from '../process-cost.ts'

/**
 * The yardstick: what `node:http` does when it does nothing. A process of its own; tells its port and ends with its
 * parent.
 */
const server = createServer((_request, response) => {
  response.statusCode = 204
  response.end()
})
server.listen({ host: '127.0.0.1', port: 0 }, () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', tellCost)
process.once('disconnect', () => process.exit(0))
