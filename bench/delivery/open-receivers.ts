import type { Checkout } from '../role-process.ts'
import { makeScratchFolder } from '../scratch-folder.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Driver, Store } from './drivers.ts'
import { install, type Installation } from './installation.ts'

export interface OpenReceiver {
  /** Of its checkout. */
  readonly name: string
  readonly receiver: ServerProcess
  readonly store: Store
}

/**
 * A receiver for each checkout, each with an inbox and a server for it of its own: nobody meets what another one has
 * stored. They go with `parts`.
 */
export async function openReceivers(
  driver: Driver,
  checkouts: readonly Checkout[],
  plan: Pick<Installation, 'secret' | 'sinkUrl' | 'holdsSinks'>,
  parts: AsyncDisposableStack,
): Promise<OpenReceiver[]> {
  const opened: OpenReceiver[] = []
  for (const checkout of checkouts) {
    const folder = await makeScratchFolder('receiver', parts)
    const store = await driver.open(folder, parts)
    const receiver = await install({ ...plan, folder, checkout, endpoints: 1, inboxFlags: store.flags }, parts)
    opened.push({ name: checkout.name, receiver, store })
  }
  return opened
}
