import type { WantedDynamicContent } from '../secrets/dynamic-secret.ts'
import type { ControllerEvent } from './controller-event.ts'

/** What is told of a token that was made; undefined where none was replaced. Pure. */
export function storyOfToken(cause: WantedDynamicContent['cause']): ControllerEvent | undefined {
  switch (cause) {
    case 'Created':
    case 'Updated':
      return undefined
    case 'Requested':
      return {
        type: 'Normal',
        reason: 'Rotated',
        action: 'Rotate',
        note: 'the token of the dynamic endpoint was replaced, as spec.dynamic.tokenRequest asks',
      }
    case 'Lost':
      return {
        type: 'Normal',
        reason: 'SecretRepaired',
        action: 'Repair',
        note: 'the token of the dynamic endpoint was lost and replaced; the lost one opens it for a while',
      }
  }
}
