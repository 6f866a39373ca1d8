import type { WorkingConfig } from '../config.ts'
import { wantedProof } from '../facts/endpoint-proof.ts'
import type { ObservedWebhook } from '../facts/observed.ts'
import type { ProbeView } from '../facts/probe.ts'
import type { Recollection } from '../memory/recollection.ts'

/**
 * What the last probe of this very address and secret still says. A success is soon old; a failure rests for a resync.
 * Neither grows old before the object came to rest: else passes that are slower than that would probe for ever and
 * never use what they learned.
 */
export function viewProbe(
  { probe, look, passesWithoutRest }: Pick<Recollection, 'probe' | 'look' | 'passesWithoutRest'>,
  observed: Pick<ObservedWebhook, 'endpoint' | 'keyring'>,
  nowMs: number,
  { confirmIntervalMs, resyncIntervalMs }: Pick<WorkingConfig, 'confirmIntervalMs' | 'resyncIntervalMs'>,
): ProbeView {
  if (probe === undefined || probe.proof !== wantedProof(observed, observed.keyring)) return { state: 'none' }
  // A look that is requested after a repair must not show an earlier result.
  if (look !== undefined && probe.atMs < look.sinceMs) return { state: 'none' }
  const ageMs = nowMs - probe.atMs
  const { outcome } = probe
  const goesOn = passesWithoutRest > 0
  if (outcome.healthy) return goesOn || ageMs < confirmIntervalMs ? { state: 'healthy' } : { state: 'none' }
  const restingMs = Math.max(resyncIntervalMs - ageMs, 0)
  if (restingMs === 0 && !goesOn) return { state: 'none' }
  const { cause, status } = outcome
  return { state: 'unhealthy', cause, restingMs, ...(status !== undefined && { status }) }
}
