import type { GeminiRoute } from '../../api/gemini-route.ts'
import { routeSecretNameOf } from '../../api/defaults.ts'
import { geminiRouteKind } from '../../api/kind.ts'
import { bareMetadata } from '../../kubernetes/bare-metadata.ts'
import type { KubernetesObject } from '../../kubernetes/client.ts'
import { namespaceKind } from '../../kubernetes/core-kinds.ts'
import { Reflector, type ObjectChange, type ReflectorOptions } from '../../kubernetes/reflector.ts'
import type { WorkingConfig } from '../config.ts'
import { bySecret, byService, byUid } from '../facts/indices.ts'
import { serviceNamesIn } from '../facts/service-names.ts'
import { credentialsOf } from '../sinks/sink-credentials.ts'
import { byWebhookRef, idOfRef, refOf } from './route-indices.ts'

type Machinery = Pick<ReflectorOptions<KubernetesObject>, 'client' | 'clock' | 'random' | 'logger' | 'metrics'>

interface Handlers {
  onRoute: (change: ObjectChange<GeminiRoute>) => void
  onNamespace: (change: ObjectChange<KubernetesObject>) => void
}

/**
 * What is watched for routes. Webhooks wait for none of it: a cluster may still have the CRDs and the rights of a
 * version without routes. Namespaces are watched for their labels, and not where rights are given in single namespaces.
 */
export function createRouteReflectors(machinery: Machinery, config: WorkingConfig, handlers: Handlers) {
  const isClusterWide = config.watchNamespaces.length === 0
  return {
    routes: new Reflector<GeminiRoute>({
      ...machinery,
      ...(!isClusterWide && { namespaces: config.watchNamespaces }),
      kind: geminiRouteKind,
      indexes: {
        [byWebhookRef]: (route) => [idOfRef(refOf(route))],
        [byUid]: ({ metadata }) => [metadata.uid],
        [bySecret]: (route) => named(route.metadata.namespace, secretsOf(route)),
        [byService]: ({ metadata, spec }) => named(metadata.namespace, serviceNamesIn(spec.sinks)),
      },
      transform: withoutLabels,
      onChange: handlers.onRoute,
    }),
    namespaces: isClusterWide
      ? new Reflector<KubernetesObject>({
          ...machinery,
          kind: namespaceKind,
          metadataOnly: true,
          transform: onlyLabels,
          onChange: handlers.onNamespace,
        })
      : undefined,
  }
}

function secretsOf(route: GeminiRoute): string[] {
  const published = [routeSecretNameOf(route), route.status?.endpoint?.dynamicSecretName]
  return [...published.filter((name) => name !== undefined), ...credentialsOf(route.spec.sinks)]
}

function named(namespace: string, names: readonly string[]): string[] {
  return [...new Set(names)].map((name) => `${namespace}/${name}`)
}

/**
 * They may take 256 KiB and more of each, and nothing is read of them. A write of the status leaves them as they are.
 */
function withoutLabels(route: GeminiRoute): GeminiRoute {
  const { labels: _labels, annotations: _annotations, ...metadata } = route.metadata
  return { ...route, metadata }
}

function onlyLabels({ metadata }: KubernetesObject): KubernetesObject {
  const { labels } = metadata
  return { metadata: { ...bareMetadata(metadata), ...(labels !== undefined && { labels }) } }
}
