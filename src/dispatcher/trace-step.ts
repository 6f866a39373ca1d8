import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import type { Tracing } from '../tracing/port.ts'
import { traceIdOf } from '../tracing/trace-text.ts'

/**
 * The span of writing down what follows for a delivery; `recorded` resolves with whether that was done. Of what is only
 * held there is none: nothing has happened to it, and it may be held every few seconds for days.
 */
export function traceStep(
  tracing: Pick<Tracing, 'start'>,
  { event, sink, attempts }: ClaimedDelivery,
  next: NextStep,
  recorded: Promise<boolean>,
): void {
  if (next.type === 'Hold') return
  const span = tracing.start({
    name: 'record in inbox',
    kind: 'internal',
    parent: event.trace,
    traceId: traceIdOf(event),
    attributes: {
      'messaging.message.id': event.eventId,
      'gwh.namespace': event.owner.namespace,
      'gwh.name': event.owner.name,
      'gwh.sink': sink,
      'gwh.attempts_before': attempts,
      'gwh.next_step': next.type,
    },
  })
  const failure = next.type === 'DeadLetter' ? next.reason : undefined
  void recorded.then((isWritten) => span.end({ failure: isWritten ? failure : 'unrecorded' }))
}
