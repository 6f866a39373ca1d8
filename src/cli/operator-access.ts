import type { Clock } from '../clock.ts'
import type { ConfigOf } from '../config/setting.ts'
import type { googleSettings } from '../config/shared-settings.ts'
import type { WebhookService } from '../gemini/webhook-service.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import { openKubernetesClient } from '../kubernetes/open-client.ts'
import { silentLogger } from '../observability/logger.ts'
import { createMetrics } from '../observability/metrics.ts'
import { fetchThrough } from '../outbound/fetch-through.ts'
import { openOutbound } from '../outbound/open-outbound.ts'
import { placeOf, type ConnectionConfig } from './connection.ts'

/**
 * What the operator itself uses, for the user of a command: the API server as the user of the kubeconfig, and Google.
 */
export interface OperatorAccess {
  readonly client: KubernetesClient
  openService(credentials: { apiKey: string; fingerprint: string }): Promise<WebhookService>
  close(): Promise<void>
}

export type AccessConfig = ConnectionConfig & ConfigOf<typeof googleSettings>

export type OpenOperator = (config: AccessConfig) => Promise<OperatorAccess>
export type OpenCluster = (config: ConnectionConfig) => Promise<KubernetesClient>

interface CliDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly version: string
}

/** The API server as the user of the kubeconfig. Makes no call yet. Throws when there is no usable kubeconfig. */
export function clusterIn({ clock, random, version }: CliDeps): OpenCluster {
  return (config) =>
    openKubernetesClient({
      ...placeOf(config),
      userAgent: `gwh-cli/${version}`,
      clock,
      random,
      logger: silentLogger,
      metrics: createMetrics(),
    })
}

/** That and Google. Makes no call yet. */
export function operatorIn(deps: CliDeps): OpenOperator {
  const openCluster = clusterIn(deps)
  return async (config) => {
    const { googleBaseUrl, googleApiVersion, googleApiRevision, callTimeoutMs } = config
    const outbound = openOutbound(config)
    const client = await openCluster(config)
    return {
      client,
      async openService(credentials) {
        const { createWebhookServiceOpener } = await import('../gemini/webhook-service-opener.ts')
        const open = createWebhookServiceOpener({
          baseUrl: googleBaseUrl,
          apiVersion: googleApiVersion,
          timeoutMs: callTimeoutMs,
          ...(googleApiRevision !== undefined && { headers: { 'Api-Revision': googleApiRevision } }),
          clock: deps.clock,
          metrics: createMetrics(),
          fetch: fetchThrough(outbound),
        })
        return open(credentials)
      },
      close: async () => void (await Promise.all([client.close(), outbound.close()])),
    }
  }
}
