import { createHash } from 'node:crypto'
import type { ApiObject } from '../api-object.ts'
import { invalidValue, required, type FieldError } from '../field-error.ts'
import { isObject, listAt, objectAt, stringAt, valueAt, type JsonObject } from '../json.ts'
import { anything, listOf, mapOf, record, type Schema } from '../schema.ts'
import { labelNameProblems } from '../validation/names.ts'
import { ageColumn, builtInKind, column, nameColumn, objectSchema } from './built-in-kind.ts'

const string: Schema = { type: 'string' }
const integer: Schema = { type: 'integer' }
const boolean: Schema = { type: 'boolean' }

export const namespaces = builtInKind({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  returnsDeletedObject: true,
  schema: objectSchema('Namespace provides a scope for names.', {
    spec: record({ finalizers: listOf(string) }),
    status: record({ phase: string, conditions: listOf(anything) }),
  }),
  columns: [
    nameColumn,
    column('Status', 'The status of the namespace', (object) => valueAt(object, 'status', 'phase')),
    ageColumn,
  ],
  selectableFields: { 'status.phase': (object) => stringAt(object, 'status', 'phase') },
  nameProblems: labelNameProblems,
  prepare: (object, { old }) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name },
    },
    spec: old?.['spec'] ?? { finalizers: ['kubernetes'] },
    status: object['status'] ?? { phase: 'Active' },
  }),
})

export const serviceAccounts = builtInKind({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  returnsDeletedObject: true,
  schema: objectSchema('ServiceAccount is an identity for processes.', {
    secrets: listOf(anything),
    imagePullSecrets: listOf(record({ name: string })),
    automountServiceAccountToken: boolean,
  }),
  columns: [nameColumn, ageColumn],
})

const servicePort = record({
  name: string,
  protocol: string,
  appProtocol: string,
  port: integer,
  targetPort: { 'x-kubernetes-int-or-string': true },
  nodePort: integer,
})

export const services = builtInKind({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  returnsDeletedObject: true,
  schema: objectSchema(
    'Service is a named abstraction of a set of pods. Nothing routes to it here: it is stored only.',
    {
      spec: { ...record({ ports: listOf(servicePort), selector: mapOf(string) }), ...preservingRest() },
      status: anything,
    },
  ),
  columns: [
    nameColumn,
    column('Type', 'How the service is exposed.', (object) => valueAt(object, 'spec', 'type')),
    column('Cluster-IP', 'The address of the service.', (object) => stringAt(object, 'spec', 'clusterIP')),
    column('External-IP', 'Its address outside the cluster.', (object) => {
      const addresses = listAt(object, 'spec', 'externalIPs')
      return addresses.length === 0 ? '<none>' : addresses.join(',')
    }),
    column('Port(s)', 'The ports that are exposed.', (object) => portsText(object)),
    ageColumn,
    column('Selector', 'Which pods it routes to.', (object) => selectorText(object), 1),
  ],
  nameProblems: labelNameProblems,
  prepare: (object) => ({
    ...object,
    spec: prepareServiceSpec(object),
    status: object['status'] ?? { loadBalancer: {} },
  }),
  validate: (object) => checkService(object),
})

function preservingRest(): Schema {
  return { 'x-kubernetes-preserve-unknown-fields': true }
}

function prepareServiceSpec(object: ApiObject): JsonObject {
  const spec = objectAt(object, 'spec')
  const ports = listAt(spec, 'ports').map((port) => prepareServicePort(port))
  const type = spec['type'] ?? 'ClusterIP'
  const clusterIP = stringAt(spec, 'clusterIP') || addressFor(object)
  return {
    sessionAffinity: 'None',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
    ...spec,
    ...(ports.length > 0 && { ports }),
    type,
    ...(type !== 'ExternalName' && { clusterIP, clusterIPs: [clusterIP] }),
  }
}

function prepareServicePort(port: unknown): unknown {
  if (!isObject(port)) return port
  return { protocol: 'TCP', ...port, targetPort: port['targetPort'] ?? port['port'] }
}

/** An address from the service's name: stable, and good enough where nothing listens on it. */
function addressFor({ metadata }: ApiObject): string {
  const digest = createHash('sha256')
    .update(`${metadata.namespace ?? ''}/${metadata.name}`)
    .digest()
  return `10.96.${digest.readUInt8(0)}.${(digest.readUInt8(1) % 254) + 1}`
}

function checkService(object: ApiObject): FieldError[] {
  const ports = listAt(object, 'spec', 'ports')
  const type = stringAt(object, 'spec', 'type')
  const isHeadless = stringAt(object, 'spec', 'clusterIP') === 'None'
  if (ports.length === 0 && type !== 'ExternalName' && !isHeadless) return [required('spec.ports')]
  return ports.flatMap((item, index) => {
    const port = valueAt(item, 'port')
    if (typeof port === 'number' && port >= 1 && port <= 65_535) return []
    return [invalidValue(`spec.ports[${index}].port`, 'must be between 1 and 65535, inclusive', port ?? 0)]
  })
}

function portsText(object: ApiObject): string {
  const ports = listAt(object, 'spec', 'ports').map(
    (port) => `${String(valueAt(port, 'port'))}/${stringAt(port, 'protocol')}`,
  )
  return ports.length === 0 ? '<none>' : ports.join(',')
}

function selectorText(object: ApiObject): string {
  const pairs = Object.entries(objectAt(object, 'spec', 'selector')).map(([key, value]) => `${key}=${String(value)}`)
  return pairs.length === 0 ? '<none>' : pairs.toSorted().join(',')
}

export const endpointSlices = builtInKind({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
  schema: objectSchema(
    'EndpointSlice represents a subset of the endpoints of a service. Nothing makes them here: they are stored only.',
    {
      addressType: string,
      endpoints: listOf(anything),
      ports: listOf(record({ name: string, protocol: string, port: integer, appProtocol: string })),
    },
  ),
  columns: [
    nameColumn,
    column('AddressType', 'The type of its addresses.', (object) => stringAt(object, 'addressType')),
    ageColumn,
  ],
})

export const leases = builtInKind({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  schema: objectSchema('Lease defines a lease concept.', {
    spec: record({
      holderIdentity: string,
      leaseDurationSeconds: integer,
      acquireTime: { type: 'string', format: 'micro-time' },
      renewTime: { type: 'string', format: 'micro-time' },
      leaseTransitions: integer,
      strategy: string,
      preferredHolder: string,
    }),
  }),
  columns: [
    nameColumn,
    column('Holder', 'Who holds the lease.', (object) => stringAt(object, 'spec', 'holderIdentity')),
    ageColumn,
  ],
  prepare: (object) => ({ ...object, spec: objectAt(object, 'spec') }),
  validate: (object) => {
    const errors: FieldError[] = []
    const seconds = valueAt(object, 'spec', 'leaseDurationSeconds')
    const transitions = valueAt(object, 'spec', 'leaseTransitions')
    if (typeof seconds === 'number' && seconds <= 0) {
      errors.push(invalidValue('spec.leaseDurationSeconds', 'must be greater than 0', seconds))
    }
    if (typeof transitions === 'number' && transitions < 0) {
      errors.push(invalidValue('spec.leaseTransitions', 'must be greater than or equal to 0', transitions))
    }
    return errors
  },
})
