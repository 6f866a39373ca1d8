import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, anHttpSink } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'

async function aServer(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

function claimsFor(sink: string, count: number) {
  return Array.from({ length: count }, (_, at) =>
    aClaim({ deliveryId: `${sink}-${at}`, sink, event: anEvent({ eventId: `${sink}-${at}` }) }),
  )
}

test('over real sockets: a sink that never answers and one that is gone delay a healthy one by nothing', async (t) => {
  const hangs = await aServer(t, () => {})
  const worker = await aServer(t, (_request, response) => response.writeHead(204).end())
  const gone = 'http://127.0.0.1:1/' // nothing listens on port 1
  const sinks = {
    hangs: anHttpSink(hangs, { name: 'hangs' }),
    gone: anHttpSink(gone, { name: 'gone' }),
    worker: anHttpSink(worker),
  }
  const inbox = new MemoryInbox(systemClock)
  const http = createHttpSink({
    parseEnvelope,
    clock: systemClock,
    addressRules: createAddressRules({ allowLoopback: true }),
  })
  const dispatcher = createDispatcher({
    inbox,
    sinks: http,
    resolveSink: (_uid, name) => new Map(Object.entries(sinks)).get(name) ?? 'sinkRemoved',
    judgeFilter: judgeHere(),
    clock: systemClock,
    random: () => 0.5,
    logger: silentLogger,
    metrics: createMetrics(),
    maxInFlight: 16,
  })
  inbox.add(...claimsFor('hangs', 300), ...claimsFor('gone', 300), ...claimsFor('worker', 300))
  dispatcher.start()
  const delivered = () => inbox.steps.filter(({ next }) => next.type === 'Succeed').length
  await eventually('all of the healthy sink', () => delivered() === 300, { timeoutMs: 5_000, intervalMs: 10 })
  const retried = inbox.steps.filter(({ next }) => next.type === 'RetryAt')
  assert.ok(retried.every(({ deliveryId }) => deliveryId.startsWith('gone-')))

  await dispatcher.drain(50)
  await http.close()
  const heldBack = inbox.steps.filter(({ deliveryId, next }) => deliveryId.startsWith('hangs-') && next.type === 'Hold')
  assert.ok(heldBack.length > 0, 'what hung was cut off and is due again')
  assert.equal(delivered(), 300)
})
