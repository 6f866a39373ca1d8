import { apiVersion, kindName, routeKindName } from '../api/kind.ts'
import type { Clock } from '../clock.ts'
import { routeNameOf } from '../contract/route-owner.ts'
import type { InboxOwner } from '../inbox/port.ts'
import type { EventRecorder } from '../kubernetes/event-recorder.ts'
import type { Metrics } from '../observability/metrics.ts'
import { eventTextOf } from './event-note.ts'
import { HourlyBudget } from './hourly-budget.ts'
import { unsendable, type OutgoingDelivery, type SendOutcome, type Sink } from './port.ts'
import type { ParseEnvelope } from './remember-envelopes.ts'

export interface KubernetesEventSinkOptions {
  /**
   * A recorder of its own, with a `perObject` rate above the budgets of the objects (`maxPerHour` is at most 3,600):
   * the budget here is the user's, and the recorder's own limit would cut it short. Its creator closes it.
   */
  recorder: Pick<EventRecorder, 'record'>
  parseEnvelope: ParseEnvelope
  clock: Clock
  metrics: Metrics
}

/**
 * Shows Gemini events as Kubernetes Events about their GeminiWebhook or GeminiRoute. An Event is for people and may be
 * lost, so this is never the only record: beyond `maxPerHour` of an object, an event counts as delivered, is not shown,
 * and is counted as suppressed.
 */
export function createKubernetesEventSink(options: KubernetesEventSinkOptions): Sink {
  const { recorder, parseEnvelope, clock, metrics } = options
  const budget = new HourlyBudget(clock)
  const suppressed = metrics.counter({
    name: 'gwh_sink_events_suppressed_total',
    help: 'Gemini events that were not shown as Kubernetes Events because the hourly budget of their object was used up.',
  })
  const show = ({ event, sink }: OutgoingDelivery): SendOutcome => {
    const { destination } = sink
    if (destination.type !== 'kubernetesEvent') return { type: 'permanent', cause: unsendable }
    if (!budget.tryTake(event.owner.uid, destination.maxPerHour)) {
      suppressed.add(1)
      return { type: 'delivered' }
    }
    recorder.record({
      regarding: { apiVersion, ...objectOf(event.owner) },
      action: 'ReceiveEvent',
      ...eventTextOf(parseEnvelope(event.body, event)),
    })
    return { type: 'delivered' }
  }
  return {
    send: (delivery) => Promise.resolve(show(delivery)),
    close: () => Promise.resolve(),
  }
}

function objectOf({ uid, namespace, name }: InboxOwner): {
  kind: string
  namespace: string
  name: string
  uid: string
} {
  const routeName = routeNameOf(name)
  return routeName === undefined
    ? { kind: kindName, namespace, name, uid }
    : { kind: routeKindName, namespace, name: routeName, uid }
}
