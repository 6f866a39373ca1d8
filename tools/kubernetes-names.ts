import type { ValueSchema } from './value-schema.ts'

/** What Kubernetes accepts as names, labels, annotations and addresses, as patterns of RE2. */

const label63 = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const name63 = '[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?'
/** Of at most 253 characters, which is for `maxLength` to say. */
const part = '[a-z0-9]([a-z0-9-]*[a-z0-9])?'
const subdomain = `${part}(\\.${part})*`
const orEmpty = (pattern: string) => `^$|^${pattern}$`

/** One label of DNS: a namespace, a volume. */
export const namespacePattern = `^${label63}$`
/** Names of most objects. */
export const namePattern = `^${subdomain}$`
/** The name of an object; `optional`: or empty. */
export const objectName = (description: string, presence: 'required' | 'optional' = 'required'): ValueSchema => ({
  description,
  type: 'string',
  pattern: presence === 'optional' ? orEmpty(subdomain) : namePattern,
  maxLength: 253,
})
/** A host name that is no IPv4 address: its last label begins with a letter. */
export const hostPattern = `(${label63}\\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?`
/** Of a ConfigMap or Secret; a file name too, so neither . nor .. */
export const keyPattern = '^\\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$'
export const portPattern = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])'
export const quantityPattern = '^[1-9][0-9]{0,8}(m|k|M|G|T|Ki|Mi|Gi|Ti)?$'

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const ipv4 = `${octet}(\\.${octet}){3}`
const group = '[0-9a-fA-F]{1,4}'
/** Written out, or with one gap anywhere. */
const ipv6 = [
  `(${group}:){7}${group}`,
  `(${group}:){1,7}:`,
  ...[1, 2, 3, 4, 5, 6].map((after) => `(${group}:){1,${7 - after}}(:${group}){1,${after}}`),
  `:(:${group}){1,7}`,
  '::',
].join('|')
/** Where a server may be, as URLs write it: a host name in any case, or an address of either family. */
export const hostInUrlPattern = `(${hostPattern.replaceAll('a-z', 'A-Za-z')}|${ipv4}|\\[(${ipv6})\\])`
/** An address of either family. */
export const addressPattern = `^${ipv4}$|^(${ipv6})$`
/** An address range of either family. */
export const cidrPattern = `^${ipv4}/(3[0-2]|[12]?[0-9])$|^(${ipv6})/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$`

/** An optional DNS prefix and a name of at most 63 characters. */
export const qualifiedName = `(${subdomain}/)?${name63}`
export const labelKey: ValueSchema = { type: 'string', pattern: `^${qualifiedName}$`, maxLength: 316 }
export const labelValue: ValueSchema = { type: 'string', pattern: orEmpty(name63) }

/** Set by the chart on its objects, or by Helm. Selectors stand on some of them. */
const ownLabels = ['name', 'instance', 'version', 'component', 'managed-by'].map((key) => `app.kubernetes.io/${key}`)
/** They would turn objects into hooks, which Helm makes and forgets. */
const hookAnnotations = ['helm.sh/hook', 'helm.sh/hook-weight', 'helm.sh/hook-delete-policy']

/** Labels of the chart's objects. Those that it sets itself are refused. */
export const labels = (description: string): ValueSchema => ({
  description,
  type: 'object',
  propertyNames: { ...labelKey, not: { enum: ownLabels } },
  additionalProperties: labelValue,
})

/** Labels by which something else is chosen: any. */
export const selectorLabels = (description: string): ValueSchema => ({
  description,
  type: 'object',
  propertyNames: labelKey,
  additionalProperties: labelValue,
})

export const annotations = (description: string): ValueSchema => ({
  description,
  type: 'object',
  propertyNames: { ...labelKey, not: { enum: hookAnnotations } },
  additionalProperties: { type: 'string' },
})
