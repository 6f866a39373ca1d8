import {
  keyPattern,
  labelKey,
  labelValue,
  namespacePattern,
  qualifiedName,
  quantityPattern,
} from './kubernetes-names.ts'
import { bool, closed, exactlyOne, line, many, named, whole, word } from './kubernetes-schemas.ts'
import type { ValueSchema } from './value-schema.ts'

/**
 * Variables, volumes and mounts of a pod that are given in values. The sources of volumes are those that a pod of ours
 * has a use for.
 */

const mode = whole(0, 0o777)
const quantity: ValueSchema = { type: 'string', pattern: quantityPattern }
/** Neither . nor .. */
const segment = '\\.?[A-Za-z0-9_@-][A-Za-z0-9._@-]*'
export const relativePath: ValueSchema = { type: 'string', pattern: `^${segment}(/${segment})*$`, maxLength: 1000 }
export const absolutePath: ValueSchema = { type: 'string', pattern: `^(/${segment})+$`, maxLength: 1000 }

const keyOf = closed({ name: named(), key: named(keyPattern), optional: bool }, 'name', 'key')
const metadataField = `metadata\\.(name|namespace|uid|(labels|annotations)\\['${qualifiedName}'\\])`
const envField = named(`^(${metadataField}|spec\\.(nodeName|serviceAccountName)|status\\.(hostIPs?|podIPs?))$`)
const volumeField = named(`^(${metadataField}|metadata\\.(labels|annotations))$`)
const amount = word(...['cpu', 'memory', 'ephemeral-storage'].flatMap((what) => [`requests.${what}`, `limits.${what}`]))

export const envVar = (reserved: readonly string[]): ValueSchema => ({
  ...closed(
    {
      name: {
        ...named('^[A-Za-z_][A-Za-z0-9._-]*$'),
        ...(reserved.length > 0 && { not: { enum: [...reserved] } }),
      },
      value: { type: 'string' },
      valueFrom: {
        ...closed({
          configMapKeyRef: keyOf,
          secretKeyRef: keyOf,
          fieldRef: closed({ fieldPath: envField, apiVersion: word('v1') }, 'fieldPath'),
          resourceFieldRef: closed({ resource: amount }, 'resource'),
        }),
        ...exactlyOne('configMapKeyRef', 'secretKeyRef', 'fieldRef', 'resourceFieldRef'),
      },
    },
    'name',
  ),
  not: { required: ['value', 'valueFrom'] },
})

const items = many(closed({ key: named(keyPattern), path: relativePath, mode }, 'key', 'path'))
const downwardItems = many({
  ...closed(
    {
      path: relativePath,
      fieldRef: closed({ fieldPath: volumeField, apiVersion: word('v1') }, 'fieldPath'),
      resourceFieldRef: closed(
        { resource: amount, containerName: named(namespacePattern) },
        'resource',
        'containerName',
      ),
      mode,
    },
    'path',
  ),
  ...exactlyOne('fieldRef', 'resourceFieldRef'),
})
const projectedSource: ValueSchema = {
  ...closed({
    configMap: closed({ name: named(), items, optional: bool }, 'name'),
    secret: closed({ name: named(), items, optional: bool }, 'name'),
    downwardAPI: closed({ items: downwardItems }),
    serviceAccountToken: closed(
      { audience: line, expirationSeconds: whole(600, 2 ** 31 - 1), path: relativePath },
      'path',
    ),
  }),
  ...exactlyOne('configMap', 'secret', 'downwardAPI', 'serviceAccountToken'),
}
const claimTemplate = closed(
  {
    metadata: closed({ labels: { type: 'object', propertyNames: labelKey, additionalProperties: labelValue } }),
    spec: closed(
      {
        accessModes: many(word('ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'), 1),
        storageClassName: named(),
        volumeMode: word('Filesystem'),
        resources: closed({ requests: closed({ storage: quantity }, 'storage') }, 'requests'),
      },
      'accessModes',
      'resources',
    ),
  },
  'spec',
)

const sources: Record<string, ValueSchema> = {
  configMap: closed({ name: named(), items, defaultMode: mode, optional: bool }, 'name'),
  secret: closed({ secretName: named(), items, defaultMode: mode, optional: bool }, 'secretName'),
  emptyDir: closed({ medium: word('', 'Memory'), sizeLimit: quantity }),
  downwardAPI: closed({ items: downwardItems, defaultMode: mode }),
  projected: closed({ defaultMode: mode, sources: many(projectedSource) }),
  persistentVolumeClaim: closed({ claimName: named(), readOnly: bool }, 'claimName'),
  ephemeral: closed({ volumeClaimTemplate: claimTemplate }, 'volumeClaimTemplate'),
  csi: closed(
    {
      driver: { ...named(), maxLength: 63 },
      readOnly: bool,
      fsType: line,
      volumeAttributes: { type: 'object', additionalProperties: { type: 'string' } },
      nodePublishSecretRef: closed({ name: named() }, 'name'),
    },
    'driver',
  ),
  hostPath: closed(
    { path: absolutePath, type: word('', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket') },
    'path',
  ),
  nfs: closed({ server: line, path: absolutePath, readOnly: bool }, 'server', 'path'),
  image: closed({ reference: line, pullPolicy: word('Always', 'IfNotPresent', 'Never') }, 'reference'),
}

export const volume: ValueSchema = {
  ...closed({ name: named(namespacePattern), ...sources }, 'name'),
  ...exactlyOne(...Object.keys(sources)),
}

export const mount: ValueSchema = {
  ...closed(
    {
      name: named(namespacePattern),
      mountPath: absolutePath,
      readOnly: bool,
      subPath: relativePath,
      mountPropagation: word('None', 'HostToContainer'),
    },
    'name',
    'mountPath',
  ),
}
