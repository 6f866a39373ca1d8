import type { Operation } from '../../api/status.ts'
import { settleMsOf, type WorkingConfig } from '../config.ts'
import type { IntentView } from '../facts/observed.ts'

/** The call that an intent announces, as far as this process knows. All times are on the monotonic clock. */
export interface RememberedIntent {
  readonly attemptID: string
  /**
   * `notMade`: written by this process, the call still to come. `unclear`: its outcome, or its author, is unknown.
   * `answered`: it is over.
   */
  readonly call: 'notMade' | 'unclear' | 'answered'
  readonly sinceMs: number
  /** How the call failed, where its outcome is unclear for that. */
  readonly why?: string
}

/** What is known of the intent in status: one that is seen for the first time is somebody else's. */
export function intentInStatus(
  operation: Operation | undefined,
  known: RememberedIntent | undefined,
  nowMs: number,
): RememberedIntent | undefined {
  if (operation === undefined || known?.attemptID === operation.attemptID) return known
  return { attemptID: operation.attemptID, call: 'unclear', sinceMs: nowMs }
}

/** How far the intent in status has got; `intent` is what `intentInStatus` knows of it. */
export function viewIntent(
  operation: Operation | undefined,
  intent: RememberedIntent | undefined,
  nowMs: number,
  config: Pick<WorkingConfig, 'receiverSeenWaitMs' | 'callTimeoutMs' | 'settleExtraMs'>,
): IntentView {
  if (operation === undefined || intent === undefined) return { state: 'none' }
  const { call, sinceMs, why } = intent
  switch (call) {
    case 'notMade':
      // Receivers must know of a rotation before its first delivery comes.
      return waitUntil(operation.type === 'Rotate' ? sinceMs + config.receiverSeenWaitMs : sinceMs, nowMs, 'ready')
    case 'unclear': {
      const view = waitUntil(sinceMs + settleMsOf(config), nowMs, 'settled')
      return view.state === 'waiting' && why !== undefined ? { ...view, why } : view
    }
    case 'answered':
      return { state: 'settled' }
  }
}

function waitUntil(dueMs: number, nowMs: number, then: 'ready' | 'settled'): IntentView {
  return dueMs > nowMs ? { state: 'waiting', remainingMs: dueMs - nowMs } : { state: then }
}
