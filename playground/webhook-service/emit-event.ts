import { randomUUID } from 'node:crypto'

import type { Clock } from '../clock.ts'
import type { DeliveryEngine } from './delivery-engine.ts'
import { eventBody } from './events.ts'
import type { WebhookStore } from './store.ts'
import type { Switches } from './switches.ts'
import { rfc3339 } from './webhook-record.ts'

export interface Emission {
  project: string
  type: string
  data: unknown
  userMetadata?: Record<string, unknown> | undefined
  /** Absent: every enabled webhook of the project that subscribed to the type. */
  uris?: readonly string[] | undefined
}

interface EmitterDeps {
  store: WebhookStore
  engine: DeliveryEngine
  switches: () => Switches
  clock: Clock
}

export const newEventId = () => `msg_${randomUUID()}`

/** Starts the deliveries of one event and gives their ids. */
export function emitEvent(deps: EmitterDeps, emission: Emission): string[] {
  const { engine, switches, clock } = deps
  const { project, type, data, userMetadata, uris } = emission
  const settings = switches()
  const body = eventBody({ type, timestamp: rfc3339(clock.now()), data, userMetadata, switches: settings })
  if (uris === undefined) return emitToSubscribers(deps, project, { type, body })
  const shared = newEventId()
  return (settings.dynamicUris === 'all' ? uris : uris.slice(0, 1)).map((uri) => {
    const eventId = settings.dynamicIds === 'same' ? shared : newEventId()
    return engine.enqueue({ eventId, eventType: type, body, target: { kind: 'dynamic', project, uri } })
  })
}

function emitToSubscribers(
  { store, engine, switches, clock }: EmitterDeps,
  project: string,
  { type, body }: { type: string; body: Uint8Array },
): string[] {
  const asOfMs = clock.now() - switches().deliveryLagMs
  return store.spacesOf(project).flatMap((space) =>
    store
      .list(space, asOfMs)
      .filter(({ state, subscribedEvents }) => state === 'enabled' && subscribedEvents.includes(type))
      .map(({ id: webhookId }) => {
        const target = { kind: 'static', space, webhookId } as const
        return engine.enqueue({ eventId: newEventId(), eventType: type, body, target })
      }),
  )
}
