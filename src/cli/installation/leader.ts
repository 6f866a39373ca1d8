import type { KubernetesClient } from '../../kubernetes/client.ts'
import { chooseOperator, operatorNamespaces } from '../find-operator.ts'
import type { Leader } from '../status-links.ts'
import { isHeld, type Lease, type Reading } from './chain.ts'
import { leaseIn, readable } from './read-installation.ts'

interface Operator {
  /** As it was named; undefined: it is looked for. */
  readonly operatorNamespace: string | undefined
  /** Of this machine, milliseconds since the epoch. */
  readonly nowMs: number
}

/**
 * Whether a controller leads, as far as the user may know: what a status says is what one wrote, and stays when none
 * runs any more. Where several operators run, one that is led is enough.
 */
export async function readLeader(client: KubernetesClient, { operatorNamespace, nowMs }: Operator): Promise<Leader> {
  const found = operatorNamespace === undefined ? await readable(() => operatorNamespaces(client)) : undefined
  const known = found !== undefined && 'value' in found ? found.value : undefined
  const isGuess = operatorNamespace === undefined && known === undefined
  const several = known !== undefined && known.length > 1 ? known : undefined
  const namespaces = several ?? [operatorNamespace ?? chooseOperator(known)]
  const leaders = await Promise.all(
    namespaces.map(async (namespace) => {
      const lease = await readable(() => leaseIn(client, namespace))
      // The Lease was written by the clock of the cluster, which the API server has told by now.
      return leaderOf(lease, { namespace, isGuess, nowMs: nowMs + (client.serverClockSkewMs ?? 0) })
    }),
  )
  const ofState = (state: Leader['state']) => leaders.find((leader) => leader.state === state)
  return ofState('Leads') ?? ofState('Unknown') ?? leaders[0] ?? { state: 'Unknown', says: 'it was not looked for' }
}

interface Place {
  readonly namespace: string
  /** Nobody said that the operator is there. */
  readonly isGuess?: boolean
  /** By the clock of the cluster. */
  readonly nowMs: number
}

/** What the Lease of one namespace says. Pure. */
export function leaderOf(lease: Reading<Lease | undefined>, { namespace, isGuess = false, nowMs }: Place): Leader {
  if ('unread' in lease) return { state: 'Unknown', says: lease.unread }
  if (isHeld(lease.value, nowMs)) return { state: 'Leads' }
  if (lease.value === undefined && isGuess)
    return {
      state: 'Unknown',
      says: `namespace ${namespace} has no Lease of one, and you may not look where the operator runs`,
    }
  const renewedMs = lease.value?.renewedMs ?? 0
  const since = renewedMs === 0 ? '' : ` since ${new Date(renewedMs).toISOString()}`
  return { state: 'Nobody', says: `no controller leads in namespace ${namespace}${since}` }
}
