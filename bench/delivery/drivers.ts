import { join } from 'node:path'

import { findNatsServer, NatsServer } from '../../test/support/nats-server.ts'

/** An inbox to measure with. */
export interface Driver {
  readonly name: 'sqlite' | 'jetstream'
  readonly durability: string
  readonly inboxFlags: (folder: string) => string[]
  readonly stop: () => Promise<void>
}

const sqlite: Driver = {
  name: 'sqlite',
  durability: 'fsync per commit',
  inboxFlags: (folder) => [`--data-dir=${join(folder, 'data')}`],
  stop: async () => {},
}

/** Those that there are on this machine; a real nats-server of its own that syncs every write, where one is found. */
export async function openDrivers(): Promise<Driver[]> {
  if (findNatsServer() === undefined) return [sqlite]
  const server = await NatsServer.start()
  const jetstream: Driver = {
    name: 'jetstream',
    durability: 'one nats-server, sync_interval: always',
    inboxFlags: () => ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1'],
    stop: () => server.dispose(),
  }
  return [sqlite, jetstream]
}
