import type { Judgement } from '../filter/judge-filter.ts'
import type { SendOutcome } from '../sinks/port.ts'
import { unreachable } from '../unreachable.ts'
import { holdCauses } from './cause.ts'

/**
 * What is sent to a dead letter destination: what its transform has made, or the event itself where it has none
 * (`content` is absent). A failure says as an outcome why nothing can be sent.
 */
export type Rendered =
  | { readonly type: 'rendered'; readonly content?: Uint8Array }
  | Extract<SendOutcome, { type: 'retryable' | 'permanent' }>

/** What came of the question that is asked for a dead letter destination with a transform. Pure. */
export function renderedBy(judgement: Judgement): Rendered {
  switch (judgement.type) {
    case 'wanted':
      // The event itself is not what the destination takes.
      if (judgement.content === undefined) return { type: 'permanent', cause: holdCauses.invalidTransform }
      return { type: 'rendered', content: judgement.content }
    case 'transformFailed':
      return { type: 'permanent', cause: judgement.cause }
    case 'waits':
      return { type: 'retryable', cause: holdCauses.filterWaits }
    case 'paused':
      return { type: 'permanent', cause: holdCauses.filterInterrupted }
    case 'transformInvalid':
    // The question has a filter that every event passes: only one that is broken could say otherwise.
    case 'unwanted':
    case 'failed':
    case 'invalid':
      return { type: 'permanent', cause: holdCauses.invalidTransform }
    default:
      return unreachable(judgement)
  }
}
