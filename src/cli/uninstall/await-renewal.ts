import { setTimeout } from 'node:timers/promises'

import type { Clock } from '../../clock.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import type { Lease, Reading } from '../installation/chain.ts'
import { leaseIn, readable } from '../installation/read-installation.ts'

const pollMs = 500

/**
 * The Lease once its holder has renewed it, which one that works does every few seconds; without a value where that is
 * not seen for as long as the Lease lasts. A Lease outlives a controller that could not give it up, as in an
 * uninstallation that took its rights away first. One that cannot be read is returned as that.
 */
export async function awaitRenewal(
  seen: Reading<Lease | undefined>,
  { client, clock, namespace }: { client: KubernetesClient; clock: Clock; namespace: string },
): Promise<Reading<Lease | undefined>> {
  if ('unread' in seen || seen.value === undefined) return seen
  const untilMs = clock.monotonic() + seen.value.durationMs
  for (;;) {
    const now = await readable(() => leaseIn(client, namespace))
    if ('unread' in now || (now.value !== undefined && now.value.renewedMs !== seen.value.renewedMs)) return now
    if (clock.monotonic() >= untilMs) return { value: undefined }
    await setTimeout(pollMs)
  }
}
