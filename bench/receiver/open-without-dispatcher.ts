import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Driver } from '../delivery/drivers.ts'
import type { OpenReceiver } from '../delivery/open-receivers.ts'
import { thisCheckout } from '../role-process.ts'
import { makeScratchFolder } from '../scratch-folder.ts'
import { startServerProcess } from '../server-process.ts'

/** The receiver of this checkout up to the answer, with nothing behind its inbox; goes with `parts`. */
export async function openWithoutDispatcher(
  driver: Driver,
  secret: Buffer,
  parts: AsyncDisposableStack,
): Promise<OpenReceiver> {
  const folder = await makeScratchFolder('receiver', parts)
  const store = await driver.open(folder, parts)
  const receiver = await startServerProcess({
    path: fileURLToPath(new URL('./receiver-server.ts', import.meta.url)),
    args: [folder, secret.toString('base64'), ...(store.natsUrl === undefined ? [] : [store.natsUrl])],
    logPath: join(folder, 'receiver.log'),
    started: { event: 'bench.started', portKey: 'port' },
  })
  parts.defer(() => receiver.stop())
  return { name: thisCheckout.name, receiver, store }
}
