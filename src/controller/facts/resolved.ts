export type SinkFault = 'SinkInvalid' | 'SinkNotReady' | 'SinkUnsupported'

/**
 * A warning goes with what works, or will work as it is. `awaited`: it may come without a change of the object, so
 * registration need not wait for it.
 */
export type Resolved<T> =
  { ok: true; value: T; warning?: string } | { ok: false; reason: SinkFault; message: string; awaited?: true }

type Refusal = Extract<Resolved<never>, { ok: false }>

export function ok<T>(value: T): { ok: true; value: T } {
  return { ok: true, value }
}

export function invalid(message: string): Refusal {
  return refuse('SinkInvalid', message)
}

export function refuse(reason: SinkFault, message: string): Refusal {
  return { ok: false, reason, message, ...(reason === 'SinkNotReady' && { awaited: true }) }
}
