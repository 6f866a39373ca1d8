import { problem, type Result } from '../../result.ts'

export type SinkFault = 'SinkInvalid' | 'SinkNotReady' | 'SinkUnsupported'

/** `awaited`: it may come without a change of the object, so registration need not wait for it. */
interface Refusal {
  readonly reason: SinkFault
  readonly message: string
  readonly awaited?: true
}

/** A warning goes with what works, or will work as it is. */
export type Resolved<T> = Result<T, Refusal> & { readonly warning?: string }

export function invalid(message: string): Resolved<never> {
  return refuse('SinkInvalid', message)
}

export function refuse(reason: SinkFault, message: string): Resolved<never> {
  return problem({ reason, message, ...(reason === 'SinkNotReady' && { awaited: true as const }) })
}
