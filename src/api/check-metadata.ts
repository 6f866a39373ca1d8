import { dnsLabelPattern } from './field-types.ts'
import { annotationKeyPattern, keysHold, labelKeyPattern } from './metadata-key.ts'

interface MetadataProblem {
  field: string
  message: string
}

/** The fields that the API server has below metadata; with fieldValidation=Strict anything else is refused. */
const known = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
])

const labelValuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const maxAnnotationBytes = 256 * 1024

/**
 * Judges metadata as the API server does for every kind: the types of its fields, labels and annotations. A null counts
 * as not given.
 */
export function checkMetadata(metadata: Readonly<Record<string, unknown>>): MetadataProblem[] {
  const strangers = Object.keys(metadata).filter((key) => !known.has(key))
  const { namespace, finalizers } = metadata
  return [
    ...strangers.map((key) => ({ field: 'metadata', message: `has no field named ${key}` })),
    ...(isGiven(namespace) && !(typeof namespace === 'string' && isLabel(namespace))
      ? [{ field: 'metadata.namespace', message: 'must be the name of a namespace' }]
      : []),
    ...(isGiven(finalizers) && !(Array.isArray(finalizers) && finalizers.every((each) => typeof each === 'string'))
      ? [{ field: 'metadata.finalizers', message: 'must be a list of texts' }]
      : []),
    ...checkTexts('metadata.labels', metadata['labels'], labelKeyPattern),
    ...checkTexts('metadata.annotations', metadata['annotations'], annotationKeyPattern),
  ]
}

const isGiven = (value: unknown) => value !== undefined && value !== null
const isLabel = (text: string) => text.length <= 63 && dnsLabelPattern.test(text)

function checkTexts(field: string, value: unknown, keys: RegExp): MetadataProblem[] {
  if (!isGiven(value)) return []
  if (typeof value !== 'object' || Array.isArray(value)) return [{ field, message: 'must be a map of texts' }]
  const entries = Object.entries<unknown>({ ...value })
  const wrong = entries.find(([, text]) => isGiven(text) && typeof text !== 'string')
  if (wrong !== undefined) return [{ field: `${field}.${wrong[0]}`, message: 'must be text; put it in quotes' }]
  const texts = Object.fromEntries(entries.map(([key, text]) => [key, typeof text === 'string' ? text : '']))
  return [
    ...(keysHold(texts, keys) ? [] : [{ field, message: 'has a key that Kubernetes does not take' }]),
    ...(field === 'metadata.labels' ? checkLabelValues(texts) : checkAnnotationSize(texts)),
  ]
}

function checkLabelValues(labels: Readonly<Record<string, string>>): MetadataProblem[] {
  const wrong = Object.entries(labels).find(([, text]) => text.length > 63 || !labelValuePattern.test(text))
  if (wrong === undefined) return []
  const message = 'must be at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends'
  return [{ field: `metadata.labels.${wrong[0]}`, message }]
}

function checkAnnotationSize(annotations: Readonly<Record<string, string>>): MetadataProblem[] {
  const bytes = Object.entries(annotations)
    .flat()
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  return bytes > maxAnnotationBytes ? [{ field: 'metadata.annotations', message: 'has more than 256 KiB' }] : []
}
