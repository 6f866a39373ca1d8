import type { TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { OutgoingDelivery, SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent } from '../builders/an-event.ts'
import { anHttpSink, anOutgoing } from '../builders/deliveries.ts'

/** Hands events to a program of this machine, one attempt each, as a receiver does. */
export function sendAsReceiver(t: Pick<TestContext, 'after'>) {
  const sink = createHttpSink({
    parseEnvelope,
    clock: systemClock,
    addressRules: createAddressRules({ allowLoopback: true }),
  })
  t.after(() => sink.close())
  return (
    url: string,
    sinkChanges: Partial<ResolvedSink>,
    event: Partial<OutgoingDelivery['event']>,
  ): Promise<SendOutcome> =>
    sink.send(anOutgoing({ event: anEvent(event), sink: anHttpSink(url, sinkChanges) }), new AbortController().signal)
}
