import type { GeminiRoute } from '../../api/gemini-route.ts'
import { apiVersion, routeKindName } from '../../api/kind.ts'
import type { GeminiRouteStatus } from '../../api/route-status.ts'
import type { NewKubernetesEvent } from '../../kubernetes/event-recorder.ts'
import type { ControllerEvent } from '../facts/controller-event.ts'
import { conditionOf, transitionEvents } from '../status/kubernetes-events.ts'

/** That a route gets events from now on, or does no longer, and what its other conditions say of sinks. Pure. */
export function routeEvents(before: GeminiRouteStatus | undefined, after: GeminiRouteStatus): ControllerEvent[] {
  const [was, is] = [conditionOf(before, 'Accepted'), conditionOf(after, 'Accepted')]
  const others = transitionEvents(before, after)
  if (is?.status === 'True' && was?.status !== 'True') {
    const note = `attached to the webhook ${after.webhook?.namespace}/${after.webhook?.name}`
    return [{ type: 'Normal', reason: 'Attached', action: 'Reconcile', note }, ...others]
  }
  if (is?.status === 'False' && was?.status === 'True') {
    const note = `${is.reason}: ${is.message}`
    return [{ type: 'Warning', reason: 'Detached', action: 'Reconcile', note }, ...others]
  }
  return others
}

/** The event as the recorder takes it, about this route. */
export function toRouteEvent({ metadata }: GeminiRoute, event: ControllerEvent): NewKubernetesEvent {
  const { namespace, name, uid } = metadata
  return { regarding: { apiVersion, kind: routeKindName, namespace, name, uid }, ...event }
}
