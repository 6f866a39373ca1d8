import { dynamicSecretNameOf, signingSecretNameOf } from '../api/defaults.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../api/kind.ts'
import {
  abandonAnnotation,
  installationAnnotation,
  managedByLabel,
  ownerUidAnnotation,
  reconcileRequestedAtAnnotation,
} from '../api/names.ts'
import { bareMetadata } from '../kubernetes/bare-metadata.ts'
import type { KubernetesObject, ObjectKey } from '../kubernetes/client.ts'
import {
  endpointSliceKind,
  sliceController,
  sliceManagerLabel,
  sliceServiceLabel,
} from '../kubernetes/endpoint-slice.ts'
import { Reflector, type ObjectChange, type ReflectorOptions } from '../kubernetes/reflector.ts'
import { pauseConfigMapName } from '../contract/pause-record.ts'
import { formerConfigMapName, reportsLabel } from '../contract/receiver-report/slots.ts'
import type { WorkingConfig } from './config.ts'
import { keyringLabel } from './keyring/keyring-writer.ts'
import { configMapKind, secretKind, serviceKind, type ConfigMap, type Secret } from '../kubernetes/core-kinds.ts'
import { serviceNamesIn } from './facts/service-names.ts'
import { credentialsOf } from './sinks/sink-credentials.ts'
import { bySecret, byService, byUid, byFingerprint, byExternalId, byWebhookId } from './facts/indices.ts'

type Machinery = Pick<ReflectorOptions<KubernetesObject>, 'client' | 'clock' | 'random' | 'logger' | 'metrics'>

interface Handlers {
  onWebhook: (change: ObjectChange<GeminiWebhook>) => void
  onSecret: (change: ObjectChange<KubernetesObject>) => void
  onKeyring: (change: ObjectChange<Secret>) => void
  onReports: (change: ObjectChange<KubernetesObject>) => void
  onPause: (change: ObjectChange<ConfigMap>) => void
  /** Of a Service, or of endpoints that are not made by Kubernetes from its selector. */
  onService: (key: ObjectKey) => void
}

/** Everything the controller watches. */
export function createReflectors(machinery: Machinery, config: WorkingConfig, handlers: Handlers) {
  const scope = config.watchNamespaces.length === 0 ? {} : { namespaces: config.watchNamespaces }
  const home = { namespaces: [config.namespace] }
  return {
    webhooks: new Reflector<GeminiWebhook>({
      ...machinery,
      ...scope,
      kind: geminiWebhookKind,
      indexes: {
        [bySecret]: secretsOf,
        [byService]: ({ metadata, spec }) =>
          [...new Set(serviceNamesIn(spec.sinks ?? []))].map((name) => `${metadata.namespace}/${name}`),
        [byUid]: ({ metadata }) => [metadata.uid],
        [byFingerprint]: ({ status }) =>
          status?.webhook?.keyFingerprint === undefined ? [] : [status.webhook.keyFingerprint],
        [byExternalId]: ({ spec }) => (spec.externalID === undefined ? [] : [spec.externalID]),
        [byWebhookId]: ({ status }) => (status?.webhook?.id === undefined ? [] : [status.webhook.id]),
      },
      transform: onlyWhatCounts,
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
    /** By their metadata: receivers write them as fast as they like. */
    reports: new Reflector<KubernetesObject>({
      ...machinery,
      ...home,
      kind: configMapKind,
      metadataOnly: true,
      transform: onlyName,
      labelSelector: `${reportsLabel.key}=${reportsLabel.value}`,
      onChange: handlers.onReports,
    }),
    /** The one ConfigMap of older versions: receivers of theirs write it until they are replaced. */
    formerReports: new Reflector<KubernetesObject>({
      ...machinery,
      ...home,
      kind: configMapKind,
      metadataOnly: true,
      transform: onlyName,
      name: 'former-reports',
      fieldSelector: `metadata.name=${formerConfigMapName}`,
      onChange: handlers.onReports,
    }),
    /** People make it, and it is there for as long as the installation is paused. */
    pause: new Reflector<ConfigMap>({
      ...machinery,
      ...home,
      kind: configMapKind,
      name: 'pause',
      fieldSelector: `metadata.name=${pauseConfigMapName}`,
      onChange: handlers.onPause,
    }),
  }
}

function secretsOf(webhook: GeminiWebhook): string[] {
  const { metadata, spec, status } = webhook
  const names = [
    spec.apiKeySecretRef?.name,
    signingSecretNameOf(webhook),
    status?.signingSecret?.name,
    dynamicSecretNameOf(webhook),
    status?.endpoint?.dynamicSecretName,
    ...credentialsOf(spec.sinks ?? []),
  ]
  return [...new Set(names)].flatMap((name) => (name === undefined ? [] : `${metadata.namespace}/${name}`))
}

/**
 * Services and foreign endpoints, by their metadata: what changed is read when its objects are looked at. Most slices
 * are made by Kubernetes of the pods that a Service selects; they change with every pod, carry no new information, and
 * are left out. The rights to watch may be missing: nothing waits for these.
 */
export function createServiceReflectors(machinery: Machinery, config: WorkingConfig, { onService }: Handlers) {
  const scope = config.watchNamespaces.length === 0 ? {} : { namespaces: config.watchNamespaces }
  const shared = { ...machinery, ...scope, metadataOnly: true }
  return [
    new Reflector<KubernetesObject>({
      ...shared,
      kind: serviceKind,
      transform: onlyName,
      onChange: ({ object }) => onService(objectKeyOf(object)),
    }),
    new Reflector<KubernetesObject>({
      ...shared,
      kind: endpointSliceKind,
      labelSelector: `${sliceServiceLabel},${sliceManagerLabel}!=${sliceController}`,
      transform: onlyName,
      onChange: (change) => {
        const before = change.type === 'updated' ? [change.previous] : []
        for (const { metadata } of [...before, change.object]) {
          onService({ namespace: metadata.namespace ?? '', name: metadata.labels?.[sliceServiceLabel] ?? '' })
        }
      },
    }),
  ]
}

function objectKeyOf({ metadata: { namespace = '', name } }: KubernetesObject): ObjectKey {
  return { namespace, name }
}

/** There may be many. */
function onlyName({ metadata }: KubernetesObject): KubernetesObject {
  const service = metadata.labels?.[sliceServiceLabel]
  return {
    metadata: {
      ...bareMetadata(metadata),
      ...(service !== undefined && { labels: { [sliceServiceLabel]: service } }),
    },
  }
}

/**
 * Of an annotation more than this says nothing more: a uid has 36 characters, and 256 code points of a request to look
 * count.
 */
const longestAnnotation = 1_024

/**
 * Labels and annotations may take 256 KiB and more of each object; only what is read is kept. A write of the status
 * leaves them as they are, whatever it carries, and finalizers are patched.
 */
export function onlyWhatCounts(webhook: GeminiWebhook): GeminiWebhook {
  const { labels: _labels, annotations = {}, ...metadata } = webhook.metadata
  const kept = [abandonAnnotation, installationAnnotation, reconcileRequestedAtAnnotation].flatMap((name) => {
    const value = annotations[name]
    return value === undefined ? [] : [[name, bounded(value)]]
  })
  return {
    ...webhook,
    metadata: {
      ...metadata,
      ...(kept.length > 0 && { annotations: Object.fromEntries(kept) as Record<string, string> }),
    },
  }
}

/** A copy: a slice would keep all of the text that it is one of. */
function bounded(text: string): string {
  return text.length <= longestAnnotation ? text : Buffer.from(text.slice(0, longestAnnotation)).toString()
}

/**
 * Even metadata can hold a key in clear: kubectl keeps the last applied manifest in an annotation. Only our own marks
 * stay.
 */
function onlyOurs({ apiVersion, kind, metadata }: KubernetesObject): KubernetesObject {
  const { labels = {}, annotations = {} } = metadata
  const managedBy = labels[managedByLabel]
  const ownerUid = annotations[ownerUidAnnotation] && bounded(annotations[ownerUidAnnotation])
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    metadata: {
      ...bareMetadata(metadata),
      ...(managedBy !== undefined && { labels: { [managedByLabel]: managedBy } }),
      ...(ownerUid !== undefined && { annotations: { [ownerUidAnnotation]: ownerUid } }),
    },
  }
}
