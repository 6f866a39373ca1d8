import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { InboxOwner } from '../../src/inbox/port.ts'
import { keyIdOf } from '../../src/contract/keyring/shard.ts'
import { absentApiServer } from '../../test/support/absent-api-server.ts'
import { aKeyringEntry, writeKeyringFolder } from '../../test/support/keyring-folder.ts'
import { startServerProcess, type ServerProcess } from '../server-process.ts'

/** On the disk of the checkout: a folder for temporary files may be in memory, where an fsync costs nothing. */
const scratchFolder = '.cache/bench'

export interface Installation {
  receiver: ServerProcess
  /** Without `whsec_`. */
  secret: Buffer
  stop: () => Promise<void>
}

/** Where the deliveries of an endpoint go to. */
export const deliveryPath = (endpoint = 0) => `/v1/s/bench/events-${endpoint}`

/**
 * A receiver in a process of its own, with so many endpoints that share a secret and a sink. `inboxFlags`: which inbox,
 * given a folder.
 */
export async function install(options: {
  sinkUrl: string
  endpoints: number
  inboxFlags: (folder: string) => string[]
  /** Before the receiver starts. */
  prepare?: (folder: string, owners: readonly InboxOwner[]) => Promise<void>
}): Promise<Installation> {
  await mkdir(scratchFolder, { recursive: true })
  const folder = await mkdtemp(join(scratchFolder, 'delivery-'))
  const secret = randomBytes(24)
  const whole = `whsec_${secret.toString('base64')}`
  const secrets = [{ keyId: keyIdOf(whole), secret: whole }]
  const entries = Array.from({ length: options.endpoints }, (_, at) =>
    aKeyringEntry({ uid: randomUUID(), namespace: 'bench', name: `events-${at}`, secrets, sinkUrl: options.sinkUrl }),
  )
  await writeFile(join(folder, 'kubeconfig'), absentApiServer)
  await writeKeyringFolder(join(folder, 'keyring'), entries)
  await options.prepare?.(folder, entries)
  const receiver = await startServerProcess(new URL('./receiver-server.ts', import.meta.url), [
    folder,
    `--kubeconfig=${join(folder, 'kubeconfig')}`,
    '--namespace=gemini-webhook-system',
    '--pod-name=receiver-0',
    '--host=127.0.0.1',
    '--port=0',
    '--health-host=127.0.0.1',
    '--health-port=0',
    '--admin-port=0',
    `--keyring-dir=${join(folder, 'keyring')}`,
    '--allow-loopback-sinks',
    '--drain=0s',
    '--inbox-owner-share-percent=100',
    ...options.inboxFlags(folder),
  ])
  const stop = async () => {
    await receiver.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return { receiver, secret, stop }
}
