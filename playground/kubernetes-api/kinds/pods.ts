import { required } from '../field-error.ts'
import { isObject, listAt, objectAt, stringAt, valueAt } from '../json.ts'
import { anything, listOf, record, type Schema } from '../schema.ts'
import { ageColumn, builtInKind, column, nameColumn, objectSchema } from './built-in-kind.ts'

const string: Schema = { type: 'string' }
const integer: Schema = { type: 'integer' }
const rest = { 'x-kubernetes-preserve-unknown-fields': true } as const

const containerPort = record({
  name: string,
  containerPort: integer,
  hostPort: integer,
  hostIP: string,
  protocol: string,
})
const container: Schema = { ...record({ name: string, image: string, ports: listOf(containerPort) }), ...rest }

const conditionsOf = (object: unknown) => listAt(object, 'status', 'conditions').filter(isObject)

export const pods = builtInKind({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  returnsDeletedObject: true,
  schema: objectSchema(
    'Pod is a process that whoever made it runs. Nothing starts or stops it here; a port of it leads to its hostPort.',
    { spec: { ...record({ containers: listOf(container) }), ...rest }, status: anything },
  ),
  columns: [
    nameColumn,
    column('Ready', 'How many of its containers are ready.', (object) => {
      const { length } = listAt(object, 'spec', 'containers')
      const isReady = conditionsOf(object).some(({ type, status }) => type === 'Ready' && status === 'True')
      return `${isReady ? length : 0}/${length}`
    }),
    column('Status', 'How far it is in its life.', (object) => stringAt(object, 'status', 'phase')),
    ageColumn,
  ],
  selectableFields: { 'status.phase': (object) => stringAt(object, 'status', 'phase') },
  prepare: (object) => ({ ...object, status: { phase: 'Pending', ...objectAt(object, 'status') } }),
  validate: (object) => (listAt(object, 'spec', 'containers').length === 0 ? [required('spec.containers')] : []),
})

/** Where on this machine a port of a pod is; undefined: nowhere. */
export function hostPortOf(pod: unknown, wanted: number): { host: string; port: number } | undefined {
  const ports = listAt(pod, 'spec', 'containers').flatMap((each) => listAt(each, 'ports'))
  const found = ports.find((each) => valueAt(each, 'containerPort') === wanted)
  const port = valueAt(found, 'hostPort')
  return typeof port === 'number' ? { host: stringAt(found, 'hostIP') || '127.0.0.1', port } : undefined
}
