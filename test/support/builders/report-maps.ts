import { configMapKind } from '../../../src/kubernetes/core-kinds.ts'
import { newReportMap } from '../../../src/controller/reports/report-map-fault.ts'
import type { KubernetesClient } from '../../../src/kubernetes/client.ts'
import { slotNames } from '../../../src/contract/receiver-report/slots.ts'

/**
 * All but one of what receivers report into, as an earlier life of the controller left them: it makes them one like the
 * other, and each would be a point of death of its own.
 */
export async function makeReportMaps(client: Pick<KubernetesClient, 'create'>, namespace: string): Promise<void> {
  for (const name of slotNames.slice(1)) await client.create(configMapKind, newReportMap({ namespace, name }))
}
