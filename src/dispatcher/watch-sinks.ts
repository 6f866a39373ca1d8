import type { Clock } from '../clock.ts'
import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Sink } from '../sinks/port.ts'
import type { ResolveSink } from './before-send.ts'
import { SinkHealth, type OwnedSinkName, type SinkName, type SinkState } from './sink-health.ts'

interface WatchDeps {
  readonly sinks: Pick<Sink, 'send'>
  readonly resolveSink: ResolveSink
  readonly clock: Clock
  readonly metrics: Metrics
}

export interface SinkWatch {
  /** The same sinks; what comes of every attempt is remembered. */
  readonly sinks: Pick<Sink, 'send'>
  /** What a delivery came to without an attempt: an expression that fails keeps a sink from everything as well. */
  noteStep(delivery: ClaimedDelivery, next: NextStep): void
  /** Of the sinks that this process has tried, that still exist and are not suspended. */
  states(): SinkState[]
}

const sinkTypes = ['http', 'nats', 'kafka', 'kubernetesEvent', 'routes'] as const

/** What keeps a sink from its events, in the words of reports, by the reason of the dead letter. */
const failureWords: ReadonlyMap<string, string> = new Map([
  ['FilterError', 'filterFailed'],
  ['TransformError', 'transformFailed'],
])

/** Observes the outcomes of deliveries. Made once per dispatcher, because of its gauge. */
export function watchSinks({ sinks, resolveSink, clock, metrics }: WatchDeps): SinkWatch {
  const health = new SinkHealth()
  const isKnown = ({ ownerUid, sink }: SinkName) => {
    const resolved = resolveSink(ownerUid, sink)
    // What stands still is not tried, so that it is not known to fail either; it begins anew when it goes on.
    return resolved !== 'ownerGone' && resolved !== 'sinkRemoved' && resolved !== 'suspended'
  }
  const states = () => health.states(clock.now(), isKnown)
  metrics.collectedGauge({
    name: 'gwh_sinks_taking_nothing',
    help: 'Sinks that accept nothing: in this receiver, every attempt of the last ten seconds or longer has failed.',
    labels: ['sink_type'],
    collect: () => countByType(states()),
  })
  return {
    sinks: {
      async send(delivery, signal) {
        const outcome = await sinks.send(delivery, signal)
        const { event, sink, deadLetter } = delivery
        // A dead letter goes elsewhere, and an attempt that we cut off says nothing.
        const isNews = deadLetter === undefined && (outcome.type === 'delivered' || !signal.aborted)
        const name = ownedName(event.owner, sink.name)
        if (isNews) health.noteOutcome(name, sink.destination.type, outcome, clock.now())
        return outcome
      },
    },
    noteStep({ event, sink }, next) {
      const cause = next.type === 'DeadLetter' ? failureWords.get(next.reason) : undefined
      if (cause === undefined) return
      const resolved = resolveSink(event.owner.uid, sink)
      if (typeof resolved === 'string') return
      const failure = { why: { cause }, isSinksFault: false }
      health.noteFailure(ownedName(event.owner, sink), resolved.destination.type, failure, clock.now())
    },
    states,
  }
}

function ownedName({ namespace, uid }: ClaimedDelivery['event']['owner'], sink: string): OwnedSinkName {
  return { namespace, ownerUid: uid, sink }
}

function countByType(states: readonly SinkState[]) {
  return sinkTypes.map((type) => ({
    value: states.filter(({ sinkType, failing }) => sinkType === type && failing !== undefined).length,
    labels: { sink_type: type },
  }))
}
