import { managedByLabel, managedByValue } from '../api/names.ts'
import type { Clock } from '../clock.ts'
import { isConflict, type KubernetesClient } from '../kubernetes/client.ts'
import type { ObjectStore } from '../kubernetes/store.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { reportsConfigMapName } from '../reports/report.ts'
import type { ControllerConfig } from './config.ts'
import { configMapKind, type ConfigMap } from './kinds.ts'
import { staleReports, strandedInboxes, whatIsStranded } from './receiver-reports.ts'

/** Made once per controller. Asked when somebody scrapes. */
export function exposeStranded(
  reports: Pick<ObjectStore<ConfigMap>, 'get'>,
  { config, clock, metrics }: Pick<ReportsContext, 'config'> & { clock: Clock; metrics: Metrics },
): void {
  const key = { namespace: config.namespace, name: reportsConfigMapName }
  metrics.gauge({
    name: 'gwh_controller_stranded_deliveries',
    help: 'Deliveries on the volumes of receivers that are gone: nobody delivers them.',
    collect: () => strandedInboxes(reports.get(key), clock.now()).reduce((sum, { pending }) => sum + pending, 0),
  })
}

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

/**
 * Receivers that are gone cannot remove their reports themselves, and pods are none of our business: their silence tells. What still lies on a volume of
 * theirs is remembered until they come back, or somebody removes the key.
 */
export async function pruneReports(
  reports: Pick<ObjectStore<ConfigMap>, 'get'>,
  { client, config, clock, logger }: ReportsContext & { clock: Clock; logger: Logger },
): Promise<void> {
  const key = { namespace: config.namespace, name: reportsConfigMapName }
  const found = reports.get(key)
  const stranded = strandedInboxes(found, clock.now())
  if (stranded.length > 0) logger.warn({ receivers: stranded }, 'reports.inbox_stranded')
  const left = staleReports(found, clock.now()).map((pod) => {
    const text = found?.data?.[pod] ?? ''
    return { pod, text, rest: whatIsStranded(text) }
  })
  const changed = left.filter(({ text, rest }) => rest !== text)
  if (changed.length === 0) return
  const data = Object.fromEntries(changed.map(({ pod, rest = null }) => [pod, rest]))
  await client.patch<ConfigMap>(configMapKind, key, { data }, { type: 'merge' })
  logger.info({ receivers: changed.map(({ pod }) => pod) }, 'reports.pruned')
}
