import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'

import type { Clock } from '../clock.ts'
import type { ReceiverLimits } from './limits.ts'

/**
 * How often connections that have become idle are closed: one idle keep-alive would hold a plain close for its whole
 * timeout.
 */
const idleSweepMs = 1_000

/**
 * Stops accepting, closes what is idle now and every second, and waits for the rest. Every request under way ends by
 * its own timeouts; connections that outlive them all are cut.
 */
export async function closeServer(
  http: Server | TlsServer,
  clock: Clock,
  { requestTimeoutMs, appendTimeoutMs }: Pick<ReceiverLimits, 'requestTimeoutMs' | 'appendTimeoutMs'>,
): Promise<void> {
  if (!http.listening) return
  const deadlineMs = clock.monotonic() + requestTimeoutMs + appendTimeoutMs + idleSweepMs
  let cancel: (() => void) | undefined
  const sweep = () => {
    if (clock.monotonic() >= deadlineMs) http.closeAllConnections()
    else http.closeIdleConnections()
    cancel = clock.after(idleSweepMs, sweep)
  }
  const closed = new Promise<void>((resolve) => http.close(() => resolve()))
  sweep()
  await closed
  cancel?.()
}
