import { setTimeout } from 'node:timers/promises'

import { systemClock } from '../../../src/clock.ts'
import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { Inbox, NextStep } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { givenUpMark } from './expect-given-up.ts'
import { keptMark, keptMs } from './expect-kept.ts'
import { dedupeOf, foldedMark } from './sent-again.ts'

/**
 * A process to be killed: appends without end and prints the id of each event that was acknowledged, a line each, only
 * after the answer. Every other one is for a sink that takes everything, and claimed with its append where the driver
 * does that: then `ended` and the id follow, once that is written down, half of them as kept. Every third is recognised
 * by a key. Beside them some are given up from the beginning.
 */
const [driver, place = '', prefix = ''] = process.argv.slice(2)
const inbox = await open()
let next = 0
const takes = 'takes'

function open(): Promise<Inbox> {
  const shared = { clock: systemClock, logger: silentLogger, metrics: createMetrics() }
  return driver === 'jetstream'
    ? openJetstreamInbox({ ...aStream(place), ...shared })
    : openSqliteInbox({ path: place, ...shared })
}

function success(eventId: string): NextStep {
  const keepUntilMs = systemClock.now() + keptMs
  return { type: 'Succeed', ...(eventId.includes(`-${keptMark}`) && { keepUntilMs }) }
}

async function appendForEver(): Promise<never> {
  for (;;) {
    const number = ++next
    const eventId = `${prefix}-${number % 4 === 0 ? keptMark : ''}${number % 3 === 0 ? foldedMark : ''}${number}`
    const event = anEvent({
      eventId,
      ...dedupeOf(eventId),
      sentAtSeconds: number,
      sinks: [number % 2 === 0 ? takes : 'worker'],
    })
    const { result, claimed } = await inbox.appendClaiming(event, new Map([[takes, 60_000]]))
    if (result !== 'stored') throw new Error(`append answered ${result}`)
    process.stdout.write(`${eventId}\n`)
    for (const one of claimed) {
      await inbox.record(one, success(eventId), 'soon')
      process.stdout.write(`ended ${eventId}\n`)
    }
  }
}

async function giveUpForEver(): Promise<never> {
  for (;;) {
    const eventId = `${prefix}-${givenUpMark}${next++}`
    const result = await inbox.appendGivenUp(anEvent({ eventId, sinks: ['a', 'b'] }), 'RouteFull')
    if (result !== 'stored') throw new Error(`appendGivenUp answered ${result}`)
    process.stdout.write(`${eventId}\n`)
  }
}

/** Takes and records beside the appends, so that a kill also falls into those. */
async function deliverForEver(): Promise<never> {
  for (;;) {
    const due = await inbox.claimDue(4, 60_000)
    for (const claimed of due) {
      const isTaken = claimed.sink === takes
      const again = { type: 'RetryAt', atMs: systemClock.now() } as const
      await inbox.record(claimed, isTaken ? success(claimed.event.eventId) : again)
    }
    if (due.length === 0) await setTimeout(1)
  }
}

await Promise.all([
  ...Array.from({ length: 64 }, appendForEver),
  ...Array.from({ length: 4 }, giveUpForEver),
  deliverForEver(),
])
