import { systemClock } from '../../src/clock.ts'
import type { InboxOwner } from '../../src/inbox/port.ts'
import { openSqliteInbox } from '../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'

const atOnce = 2_000
/** Held back for longer than any soak: stored, with body and delivery, and not sent. */
const heldMs = 24 * 3_600_000
const bodyBytes = 600

/**
 * Stores so many events, through the inbox itself, each with its body and a delivery that is not due for a day: what a
 * receiver has whose sinks have been away.
 */
export async function fillInbox(path: string, owners: readonly InboxOwner[], count: number): Promise<void> {
  const inbox = await openSqliteInbox({
    path,
    clock: systemClock,
    logger: silentLogger,
    metrics: createMetrics(),
    bounds: { maxBytes: 16 * 2 ** 30, maxEvents: 2 * count, ownerShare: 1 },
  })
  try {
    for (let stored = 0; stored < count; stored += atOnce) {
      const size = Math.min(atOnce, count - stored)
      await Promise.all(Array.from({ length: size }, (_, at) => inbox.append(eventOf(owners, stored + at))))
      const claimed = await inbox.claimDue(size, heldMs)
      await Promise.all(
        claimed.map((delivery) => inbox.record(delivery, { type: 'Hold', untilMs: systemClock.now() + heldMs })),
      )
    }
  } finally {
    await inbox.close()
  }
}

function eventOf(owners: readonly InboxOwner[], number: number) {
  const owner = owners[number % owners.length]
  if (owner === undefined) throw new Error('fill an inbox: give at least one owner')
  return {
    owner,
    eventId: `msg_stored_${number}`,
    sentAtSeconds: Math.floor(systemClock.now() / 1000),
    receivedAtMs: systemClock.now(),
    mode: 'static' as const,
    contentType: 'application/json',
    signature: 'v1,aaaa',
    body: Buffer.alloc(bodyBytes, 'x'),
    sinks: ['worker'],
  }
}
