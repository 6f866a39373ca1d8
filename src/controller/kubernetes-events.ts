import { apiVersion, kindName } from '../api/kind.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Condition, GeminiWebhookStatus } from '../api/status.ts'
import type { NewKubernetesEvent } from '../kubernetes/event-recorder.ts'

/** A transition worth telling in `kubectl describe`. */
export interface ControllerEvent {
  type: 'Normal' | 'Warning'
  reason:
    | 'Registered'
    | 'Adopted'
    | 'Rotated'
    | 'SecretRepaired'
    | 'SecretImported'
    | 'Updated'
    | 'DriftDetected'
    | 'DisabledByGoogle'
    | 'Reenabled'
    | 'EndpointVerified'
    | 'NeverArrived'
    | 'DuplicateRemoved'
    | 'DeadLettersDropped'
    | 'Deleted'
    | 'Orphaned'
    | 'Stalled'
  action: string
  note: string
}

/** What the conditions tell by changing; what actions did is told by the actions. */
export function transitionEvents(
  before: GeminiWebhookStatus | undefined,
  after: GeminiWebhookStatus,
): ControllerEvent[] {
  const events: ControllerEvent[] = []
  const stalled = conditionOf(after, 'Stalled')
  if (stalled !== undefined && conditionOf(before, 'Stalled')?.reason !== stalled.reason) {
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
  const drops = conditionOf(after, 'DeadLettersDropped')
  if (drops !== undefined && conditionOf(before, 'DeadLettersDropped') === undefined) {
    events.push({ type: 'Warning', reason: 'DeadLettersDropped', action: 'Observe', note: drops.message })
  }
  return events
}

/** The event as the recorder takes it, about this object. */
export function toKubernetesEvent({ metadata }: GeminiWebhook, event: ControllerEvent): NewKubernetesEvent {
  const { namespace, name, uid } = metadata
  return { regarding: { apiVersion, kind: kindName, namespace, name, uid }, ...event }
}

function conditionOf(status: GeminiWebhookStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}
