import { installationChain } from '../../cli/installation/chain.ts'
import { readInstallation } from '../../cli/installation/read-installation.ts'
import type { Finding } from '../../contract/page/overview.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { messageOf } from '../message-of.ts'

type Place = Parameters<typeof readInstallation>[1]

/** What `gwh doctor` finds. Never rejects: where nothing can be read, that is what is found. */
export async function readFindings(client: KubernetesClient, place: Place, nowMs: number): Promise<Finding[]> {
  try {
    const facts = await readInstallation(client, place, nowMs)
    return installationChain(facts, place.operatorNamespace, nowMs)
  } catch (error) {
    return [{ name: 'API server', state: 'Open', says: messageOf(error) }]
  }
}
