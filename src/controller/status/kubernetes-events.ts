import { apiVersion, kindName } from '../../api/kind.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { suspendedSink, type Condition, type GeminiWebhookStatus, type SinkStatus } from '../../api/status.ts'
import type { NewKubernetesEvent } from '../../kubernetes/event-recorder.ts'
import { labelOf, sinksWithStep } from '../reports/routing-step.ts'
import { explain } from '../reports/sink-status.ts'
import type { ControllerEvent } from '../facts/controller-event.ts'

/** What Kubernetes keeps of a note. */
const maxNoteLength = 1_000

/** Conditions that are present only while true, each with an Event of its name when it begins. */
const troubles = ['DeadLettersDropped', 'RouteFull', 'PartIgnored'] as const

/** What the status of a webhook or of a route tells. */
type Told = Pick<GeminiWebhookStatus, 'conditions' | 'sinks' | 'routes'>

/** Events for changes of conditions; actions record their own. */
export function transitionEvents(before: Told | undefined, after: Told): ControllerEvent[] {
  const events: ControllerEvent[] = []
  const stalled = conditionOf(after, 'Stalled')
  const isNews = [conditionOf(before, 'Stalled'), conditionOf(before, 'Ready')].every(
    (known) => known?.reason !== stalled?.reason,
  )
  // A reason that Ready had before is not repeated because it lasts, and neither is one that the user set.
  if (stalled !== undefined && isNews && stalled.reason !== 'Suspended') {
    events.push({
      type: 'Warning',
      reason: 'Stalled',
      action: 'Reconcile',
      note: `${stalled.reason}: ${stalled.message}`,
    })
  }
  const [was, is] = [conditionOf(before, 'Enabled'), conditionOf(after, 'Enabled')]
  if (is?.reason === 'DisabledByGoogle' && was?.reason !== is.reason) {
    events.push({ type: 'Warning', reason: 'DisabledByGoogle', action: 'Observe', note: is.message })
  }
  const [synced, inSync] = [conditionOf(before, 'InSync'), conditionOf(after, 'InSync')]
  if (inSync?.reason === 'Drifted' && synced?.reason !== 'Drifted') {
    events.push({ type: 'Warning', reason: 'DriftDetected', action: 'Observe', note: inSync.message })
  }
  for (const reason of troubles) {
    const begun = conditionOf(after, reason)
    if (begun !== undefined && conditionOf(before, reason) === undefined) {
      events.push({ type: 'Warning', reason, action: 'Observe', note: begun.message })
    }
  }
  return [...events, ...gapEvents(before, after), ...sinkEvents(before, after)]
}

/** That deliveries may have been missed, where no other Event says so, and that backfill has covered it. */
function gapEvents(before: Told | undefined, after: Told): ControllerEvent[] {
  const [was, is] = [conditionOf(before, 'DeliveriesComplete'), conditionOf(after, 'DeliveriesComplete')]
  if (is === undefined || was?.status === is.status) return []
  if (is.reason === 'DisabledByGoogle') return []
  return is.status === 'True'
    ? [{ type: 'Normal', reason: 'GapCovered', action: 'Backfill', note: is.message.slice(0, maxNoteLength) }]
    : [{ type: 'Warning', reason: 'DeliveriesMissed', action: 'Observe', note: is.message.slice(0, maxNoteLength) }]
}

/**
 * That sinks begin to fail or take events again: one event each way and pass. A sink that was taken out of the spec has
 * not recovered.
 */
function sinkEvents(before: Told | undefined, after: Told): ControllerEvent[] {
  const sinks = sinksWithStep(after)
  const failedBefore = new Set(failingSinksOf(before).map(({ name }) => name))
  const failing = failingSinksOf(after).filter(({ name }) => !failedBefore.has(name))
  // One that was suspended meanwhile has taken nothing.
  const recovered = sinks.filter(
    ({ name, reason, failingSince }) =>
      failingSince === undefined && reason !== suspendedSink && failedBefore.has(name),
  )
  const events: ControllerEvent[] = []
  if (failing.length > 0) {
    const note = `sinks take nothing: ${failing.map(explain).join('; ')}`
    events.push({ type: 'Warning', reason: 'SinkFailing', action: 'Observe', note: note.slice(0, maxNoteLength) })
  }
  if (recovered.length > 0) {
    const note = `sinks take events again: ${recovered.map(({ name }) => labelOf(name)).join(', ')}`
    events.push({ type: 'Normal', reason: 'SinkRecovered', action: 'Observe', note: note.slice(0, maxNoteLength) })
  }
  return events
}

function failingSinksOf(status: Told | undefined): SinkStatus[] {
  return sinksWithStep(status ?? {}).filter(({ failingSince }) => failingSince !== undefined)
}

/** The event as the recorder takes it, about this object. */
export function toKubernetesEvent({ metadata }: GeminiWebhook, event: ControllerEvent): NewKubernetesEvent {
  const { namespace, name, uid } = metadata
  return { regarding: { apiVersion, kind: kindName, namespace, name, uid }, ...event }
}

export function conditionOf(status: Told | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}
