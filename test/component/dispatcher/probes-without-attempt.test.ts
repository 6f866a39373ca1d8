import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import type { Judgement } from '../../../src/filter/judge-filter.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'

const failures: readonly Judgement[] = [
  { type: 'unwanted' },
  { type: 'transformFailed', cause: 'expressionFailed' },
  { type: 'failed' },
]

for (const verdict of failures) {
  test(`a probe that ends without an attempt (${verdict.type}) leaves its place to another delivery`, async () => {
    const clock = new FakeClock()
    const inbox = new MemoryInbox(clock)
    const sink = new SinkDouble()
    const delivery = { ...aSink().delivery, backoffDelayMs: 1_800_000, backoffMaxMs: 1_800_000 }
    const known = aSink({ delivery, filter: { typesExact: [], typesPrefix: [], cel: 'event.age < duration("1h")' } })
    const tooOld = new Set<string>()
    let isDown = true
    const dispatcher = createDispatcher({
      inbox,
      sinks: {
        send: (outgoing, signal) =>
          isDown ? Promise.resolve({ type: 'retryable', cause: 'status', status: 503 }) : sink.send(outgoing, signal),
      },
      resolveSink: () => known,
      judgeFilter: ({ event }) => (tooOld.has(String(event.sentAtSeconds)) ? verdict : { type: 'wanted' }),
      clock,
      random: () => 0.999,
      logger: silentLogger,
      metrics: createMetrics(),
      maxInFlight: 256,
    })
    const ids = Array.from({ length: 8 }, (_, at) => at)
    inbox.add(
      ...ids.map((at) =>
        aClaim({ deliveryId: `d${at}`, event: anEvent({ eventId: `msg_${at}`, sentAtSeconds: 1_795_000_000 + at }) }),
      ),
    )
    dispatcher.start()
    await clock.advance({ ms: 500 })
    for (const at of ids.slice(0, 6)) tooOld.add(String(1_795_000_000 + at))
    isDown = false
    await clock.advance({ seconds: 60 })
    assert.deepEqual(sink.sent.map(({ event }) => event.eventId).toSorted(), ['msg_6', 'msg_7'])
    assert.ok(ids.every((at) => inbox.endOf(`d${at}`) !== undefined))
  })
}
