import { setTimeout } from 'node:timers/promises'

import { systemClock } from '../../../src/clock.ts'
import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { Inbox } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/an-event.ts'
import { aStream } from '../../support/jetstream-options.ts'

/**
 * A process to be killed: appends without end and prints the id of each event that was acknowledged, a line each, only
 * after the answer.
 */
const [driver, place = '', prefix = ''] = process.argv.slice(2)
const inbox = await open()
let next = 0

function open(): Promise<Inbox> {
  const shared = { clock: systemClock, logger: silentLogger, metrics: createMetrics() }
  return driver === 'jetstream'
    ? openJetstreamInbox({ ...aStream(place), ...shared })
    : openSqliteInbox({ path: place, ...shared })
}

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
    const due = await inbox.claimDue(4, 60_000)
    for (const claimed of due) await inbox.record(claimed, { type: 'RetryAt', atMs: systemClock.now() })
    if (due.length === 0) await setTimeout(1)
  }
}

await Promise.all([...Array.from({ length: 16 }, appendForEver), deliverForEver()])
