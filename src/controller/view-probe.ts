import type { ControllerConfig } from './config.ts'
import { wantedProof } from './endpoint-proof.ts'
import type { ObservedWebhook } from './observed.ts'
import type { ProbeView } from './probe.ts'
import type { Recollection } from './recollection.ts'

/** What the last probe of this very address and secret still says. A success is soon old; a failure rests for a resync. */
export function viewProbe(
  { probe }: Recollection,
  observed: Pick<ObservedWebhook, 'endpoint' | 'keyring'>,
  nowMs: number,
  { confirmIntervalMs, resyncIntervalMs }: Pick<ControllerConfig, 'confirmIntervalMs' | 'resyncIntervalMs'>,
): ProbeView {
  if (probe === undefined || probe.proof !== wantedProof(observed, observed.keyring)) return { state: 'none' }
  const ageMs = nowMs - probe.atMs
  const { outcome } = probe
  if (outcome.healthy) return ageMs < confirmIntervalMs ? { state: 'healthy' } : { state: 'none' }
  const restingMs = resyncIntervalMs - ageMs
  if (restingMs <= 0) return { state: 'none' }
  const { cause, status } = outcome
  return { state: 'unhealthy', cause, restingMs, ...(status !== undefined && { status }) }
}
