import { managedByLabel, managedByValue } from '../api/names.ts'
import type { Clock } from '../clock.ts'
import { isConflict, type KubernetesClient } from '../kubernetes/client.ts'
import type { ObjectStore } from '../kubernetes/store.ts'
import type { Logger } from '../observability/logger.ts'
import { reportsConfigMapName } from '../reports/report.ts'
import type { ControllerConfig } from './config.ts'
import { configMapKind, type ConfigMap } from './kinds.ts'
import { staleReports } from './receiver-reports.ts'

interface ReportsContext {
  client: KubernetesClient
  config: Pick<ControllerConfig, 'namespace'>
}

/** Receivers only patch it: the right to create could not be bound to a name. */
export async function ensureReportsConfigMap({ client, config }: ReportsContext): Promise<void> {
  const key = { namespace: config.namespace, name: reportsConfigMapName }
  if ((await client.get<ConfigMap>(configMapKind, key)) !== undefined) return
  const metadata = { ...key, labels: { [managedByLabel]: managedByValue } }
  try {
    await client.create<ConfigMap>(configMapKind, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} })
  } catch (error) {
    if (!isConflict(error)) throw error
  }
}

/** Receivers that are gone cannot remove their reports themselves, and pods are none of our business: their silence tells. */
export async function pruneReports(
  reports: Pick<ObjectStore<ConfigMap>, 'get'>,
  { client, config, clock, logger }: ReportsContext & { clock: Clock; logger: Logger },
): Promise<void> {
  const key = { namespace: config.namespace, name: reportsConfigMapName }
  const stale = staleReports(reports.get(key), clock.now())
  if (stale.length === 0) return
  const data = Object.fromEntries(stale.map((pod) => [pod, null]))
  await client.patch<ConfigMap>(configMapKind, key, { data }, { type: 'merge' })
  logger.info({ receivers: stale }, 'reports.pruned')
}
