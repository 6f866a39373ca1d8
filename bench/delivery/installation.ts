import { randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { InboxOwner } from '../../src/inbox/port.ts'
import type { KeyringEntry } from '../../src/contract/keyring/entry.ts'
import { keyIdOf } from '../../src/contract/keyring/shard.ts'
import { kubeconfigFor } from '../../test/support/doubles/absent-api-server.ts'
import { aKeyringEntry, writeKeyringFolder } from '../../test/support/builders/keyring-folder.ts'
import { startRole, thisCheckout, type Checkout } from '../role-process.ts'
import { serveKeyring } from '../routes/keyring-api-server.ts'
import { startSilentApiServer } from './silent-api-server.ts'
import type { ServerProcess } from '../server-process.ts'

const operatorNamespace = 'gemini-webhook-system'

/** Where the deliveries of an endpoint go to. */
export const deliveryPath = (endpoint = 0) => `/v1/s/bench/events-${endpoint}`

/** Without `whsec_`. */
export function aSecret(): Buffer {
  return randomBytes(24)
}

/** What a receiver is told of one endpoint with one sink. */
export function anEntry({ secret, sinkUrl, endpoint = 0 }: { secret: Buffer; sinkUrl: string; endpoint?: number }) {
  const whole = `whsec_${secret.toString('base64')}`
  const secrets = [{ keyId: keyIdOf(whole), secret: whole }]
  return aKeyringEntry({ uid: randomUUID(), namespace: 'bench', name: `events-${endpoint}`, secrets, sinkUrl })
}

export interface Installation {
  /** For all that it writes. */
  folder: string
  /** Of all its endpoints. */
  secret: Buffer
  /** Where all of them send to. */
  sinkUrl: string
  /** Holds the sinks, as if they could not be resolved: events are stored with a delivery, which nobody claims. */
  holdsSinks?: boolean
  endpoints: number
  /** The routes of an endpoint, told by an API server; absent: there are none, and the API server says nothing. */
  routesOf?: (webhook: KeyringEntry) => readonly KeyringEntry[]
  /** Which inbox. */
  inboxFlags: readonly string[]
  /** This one unless told. */
  checkout?: Checkout
  /** Before the receiver starts. */
  prepare?: (owners: readonly InboxOwner[]) => Promise<void>
}

/** A receiver in a process of its own, with so many endpoints that share a secret and a sink; goes with `parts`. */
export async function install(plan: Installation, parts: AsyncDisposableStack): Promise<ServerProcess> {
  const { folder, checkout = thisCheckout } = plan
  const entries = Array.from({ length: plan.endpoints }, (_, endpoint) => {
    const entry = anEntry({ ...plan, endpoint })
    return plan.holdsSinks ? { ...entry, sinks: [], heldSinks: entry.sinks.map(({ name }) => name) } : entry
  })
  const routes = entries.flatMap((entry) => plan.routesOf?.(entry) ?? [])
  const served = { folder, namespace: operatorNamespace, entries: [...entries, ...routes] }
  const kubeconfig =
    plan.routesOf === undefined ? kubeconfigFor(await startSilentApiServer(parts)) : await serveKeyring(served, parts)
  await writeFile(join(folder, 'kubeconfig'), kubeconfig)
  await writeKeyringFolder(join(folder, 'keyring'), served.entries)
  await plan.prepare?.(entries)
  const receiver = await startRole({
    role: 'receiver',
    checkout,
    logPath: join(folder, 'receiver.log'),
    flags: [
      `--kubeconfig=${join(folder, 'kubeconfig')}`,
      `--namespace=${operatorNamespace}`,
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
      ...plan.inboxFlags,
    ],
  })
  parts.defer(() => receiver.stop())
  return receiver
}
