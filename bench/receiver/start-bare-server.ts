import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { makeScratchFolder } from '../scratch-folder.ts'
import { startServerProcess, type ServerProcess } from '../server-process.ts'

/** A bare `node:http` server in a process of its own; goes with `parts`. */
export async function startBareServer(parts: AsyncDisposableStack): Promise<ServerProcess> {
  const bare = await startServerProcess({
    path: fileURLToPath(new URL('./bare-server.ts', import.meta.url)),
    logPath: join(await makeScratchFolder('bare', parts), 'bare.log'),
    started: { event: 'bare.started', portKey: 'port' },
  })
  parts.defer(() => bare.stop())
  return bare
}
