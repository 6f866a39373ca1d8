import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

import { eventually } from '../measures/eventually.ts'
import { freePorts } from './free-ports.ts'
import { NatsServer } from './nats-server.ts'

const names = ['one', 'two', 'three'] as const

/**
 * Three servers that replicate to each other, with the server's own default of syncing; they go with `parts`. The ports
 * of their routes have to be known before the first one starts: they are those that were free a moment before.
 */
export async function startNatsCluster(parts: AsyncDisposableStack): Promise<NatsServer[]> {
  const ports = await freePorts(names.length)
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
  const starting = names.map(async (name, at) => {
    const server = await NatsServer.start({
      syncInterval: 'default',
      configuration: [
        `server_name: ${name}`,
        `cluster { name: three, listen: "127.0.0.1:${ports[at]}", routes: [${routes}] }`,
      ].join('\n'),
    })
    parts.defer(() => server.dispose())
    return server
  })
  const servers = await Promise.all(starting)
  await untilLeader(servers)
  return servers
}

/** Without one they make and show no stream, though they may take and give messages of those that are there. */
export async function untilLeader(servers: readonly NatsServer[]): Promise<void> {
  await eventually('the servers have chosen a leader', () => hasLeader(servers), { timeoutMs: 60_000 })
}

async function hasLeader([server]: readonly NatsServer[]): Promise<boolean> {
  const connection = await connect({ servers: server?.url ?? '' })
  try {
    await jetstreamManager(connection)
    return true
  } finally {
    await connection.close()
  }
}
