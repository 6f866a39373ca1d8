import { dynamicSecretNameOf, signingSecretNameOf } from '../api/defaults.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../api/kind.ts'
import { managedByLabel, ownerUidAnnotation } from '../api/names.ts'
import type { KubernetesObject } from '../kubernetes/client.ts'
import { Reflector, type ObjectChange, type ReflectorOptions } from '../kubernetes/reflector.ts'
import { reportsConfigMapName } from '../reports/report.ts'
import type { ControllerConfig } from './config.ts'
import { keyringLabel } from './keyring-writer.ts'
import { configMapKind, secretKind, type ConfigMap, type Secret } from './kinds.ts'
import { credentialsOf } from './sink-credentials.ts'

type Machinery = Pick<ReflectorOptions<KubernetesObject>, 'client' | 'clock' | 'random' | 'logger' | 'metrics'>

interface Handlers {
  onWebhook: (change: ObjectChange<GeminiWebhook>) => void
  onSecret: (change: ObjectChange<KubernetesObject>) => void
  onKeyring: (change: ObjectChange<Secret>) => void
  onReports: (change: ObjectChange<ConfigMap>) => void
}

/** Finds the objects that a Secret concerns: `namespace/name` of every Secret that spec or status names. */
export const bySecret = 'secret'
export const byUid = 'uid'
/** Finds the objects that an API key has served. */
export const byFingerprint = 'fingerprint'
/** Finds the objects that claim the same existing webhook. */
export const byExternalId = 'externalId'

/** Everything the controller watches. */
export function createReflectors(machinery: Machinery, config: ControllerConfig, handlers: Handlers) {
  const scope = config.watchNamespaces === undefined ? {} : { namespaces: config.watchNamespaces }
  const home = { namespaces: [config.namespace] }
  return {
    webhooks: new Reflector<GeminiWebhook>({
      ...machinery,
      ...scope,
      kind: geminiWebhookKind,
      indexes: {
        [bySecret]: secretsOf,
        [byUid]: ({ metadata }) => [metadata.uid],
        [byFingerprint]: ({ status }) =>
          status?.webhook?.keyFingerprint === undefined ? [] : [status.webhook.keyFingerprint],
        [byExternalId]: ({ spec }) => (spec.externalID === undefined ? [] : [spec.externalID]),
      },
      onChange: handlers.onWebhook,
    }),
    secrets: new Reflector<KubernetesObject>({
      ...machinery,
      ...scope,
      kind: secretKind,
      metadataOnly: true,
      transform: onlyOurs,
      onChange: handlers.onSecret,
    }),
    keyring: new Reflector<Secret>({
      ...machinery,
      ...home,
      kind: secretKind,
      name: 'keyring',
      labelSelector: `${keyringLabel.key}=${keyringLabel.value}`,
      onChange: handlers.onKeyring,
    }),
    reports: new Reflector<ConfigMap>({
      ...machinery,
      ...home,
      kind: configMapKind,
      fieldSelector: `metadata.name=${reportsConfigMapName}`,
      onChange: handlers.onReports,
    }),
  }
}

function secretsOf(webhook: GeminiWebhook): string[] {
  const { metadata, spec, status } = webhook
  const names = [
    spec.apiKeySecretRef.name,
    signingSecretNameOf(webhook),
    status?.signingSecret?.name,
    dynamicSecretNameOf(webhook),
    status?.endpoint?.dynamicSecretName,
    ...credentialsOf(spec.sinks ?? []),
  ]
  return [...new Set(names)].flatMap((name) => (name === undefined ? [] : `${metadata.namespace}/${name}`))
}

/** Even metadata can hold a key in clear: kubectl keeps the last applied manifest in an annotation. Only our own marks stay. */
function onlyOurs({ apiVersion, kind, metadata }: KubernetesObject): KubernetesObject {
  const { name, namespace, uid, resourceVersion, labels = {}, annotations = {} } = metadata
  const managedBy = labels[managedByLabel]
  const ownerUid = annotations[ownerUidAnnotation]
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(managedBy !== undefined && { labels: { [managedByLabel]: managedBy } }),
      ...(ownerUid !== undefined && { annotations: { [ownerUidAnnotation]: ownerUid } }),
    },
  }
}
