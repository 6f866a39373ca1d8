import { systemClock } from '../../../src/clock.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/an-event.ts'

/** A process to be killed: appends without end and prints the id of each event that was acknowledged, a line each, only after the answer. */
const [path = '', prefix = ''] = process.argv.slice(2)
const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
let next = 0

async function appendForEver(): Promise<never> {
  for (;;) {
    const eventId = `${prefix}-${next++}`
    const result = await inbox.append(anEvent({ eventId, sentAtSeconds: next }))
    if (result !== 'stored') throw new Error(`append answered ${result}`)
    process.stdout.write(`${eventId}\n`)
  }
}

/** Takes and records beside the appends, so that a kill also falls into those. */
async function deliverForEver(): Promise<never> {
  for (;;) {
    for (const claimed of await inbox.claimDue(4, 60_000)) {
      await inbox.record(claimed, { type: 'RetryAt', atMs: systemClock.now() })
    }
  }
}

await Promise.all([...Array.from({ length: 16 }, appendForEver), deliverForEver()])
