import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { appliedKeysAnnotation, appliedMetadataAnnotation } from '../../api/names.ts'
import { isReservedKey } from '../../api/reserved-metadata.ts'
import { isAllowedKey, type AllowedKeys } from './allowed-metadata.ts'

export interface SecretMetadata {
  labels: Record<string, string>
  annotations: Record<string, string>
}

type Wishes = Pick<GeminiWebhook, 'spec'>

/**
 * What the spec adds to the metadata of the Secret, and the keys that it added: they show later which keys to remove
 * when the spec no longer has them. Keys that the installation does not allow are left out; what was put there while
 * they were allowed stays as `before` has it until the spec drops it, because taking it away would make the tools that
 * act on it undo what they did.
 */
export function wantedMetadata({ spec }: Wishes, allowed: AllowedKeys, before?: SecretMetadata): SecretMetadata {
  const { labels = {}, annotations = {} } = spec.signingSecret ?? {}
  const applied = appliedIn(before?.annotations ?? {})
  const added = {
    labels: {
      ...stillThere(labels, before?.labels, applied.labels),
      ...withKeys(labels, (key) => isAllowedKey(key, allowed.allowedSecretLabels)),
    },
    annotations: {
      ...stillThere(annotations, before?.annotations, applied.annotations),
      ...withKeys(annotations, (key) => isAllowedKey(key, allowed.allowedSecretAnnotations)),
    },
  }
  const keys = { labels: Object.keys(added.labels).toSorted(), annotations: Object.keys(added.annotations).toSorted() }
  const isPlain = keys.labels.length + keys.annotations.length === 0
  const record = isPlain ? {} : { [appliedMetadataAnnotation]: JSON.stringify(keys) }
  return { labels: added.labels, annotations: { ...added.annotations, ...record } }
}

/** Written anew with each write of the Secret. */
const ownRecords: ReadonlySet<string> = new Set([appliedMetadataAnnotation, appliedKeysAnnotation])

/** What was put there by others: all but the keys that the spec had when the Secret was last written. */
export function othersMetadata({ labels, annotations }: SecretMetadata): SecretMetadata {
  const applied = appliedIn(annotations)
  return {
    labels: withKeys(labels, (key) => !applied.labels.includes(key)),
    annotations: withKeys(annotations, (key) => !applied.annotations.includes(key) && !ownRecords.has(key)),
  }
}

/** Whether the spec's keys are there with their values, and none that it had before. */
export function hasWanted(webhook: Wishes, actual: SecretMetadata, allowed: AllowedKeys): boolean {
  const { labels, annotations } = wantedMetadata(webhook, allowed, actual)
  const isRecorded = actual.annotations[appliedMetadataAnnotation] === annotations[appliedMetadataAnnotation]
  return isRecorded && within(labels, actual.labels) && within(annotations, actual.annotations)
}

/** Longest list of keys in a message: once these are removed, it names the others. */
const namedKeys = 5

/**
 * The keys of the spec that are not put on the Secret, what forbids them, and what to do. Empty where there are none.
 */
export function metadataProblems({ spec }: Wishes, allowed: AllowedKeys): string[] {
  const { labels = {}, annotations = {} } = spec.signingSecret ?? {}
  return [...problemsOf('labels', labels, allowed), ...problemsOf('annotations', annotations, allowed)]
}

function problemsOf(field: 'labels' | 'annotations', entries: Record<string, string>, allowed: AllowedKeys): string[] {
  const setting = field === 'labels' ? 'allowedSecretLabels' : 'allowedSecretAnnotations'
  const keys = Object.keys(entries).toSorted()
  const reserved = keys.filter(isReservedKey)
  const unwanted = keys.filter((key) => !isReservedKey(key) && !isAllowedKey(key, allowed[setting]))
  const where = `spec.signingSecret.${field}`
  return [
    ...(reserved.length > 0 ? [`${where}: left out ${named(reserved)}, which others set: remove it`] : []),
    ...(unwanted.length > 0
      ? [
          `${where}: left out ${named(unwanted)}, which ${setting} of this installation does not allow: remove it, or have it added there`,
        ]
      : []),
  ]
}

function named(keys: readonly string[]): string {
  const more = keys.length > namedKeys ? ` and ${keys.length - namedKeys} more` : ''
  return `${keys.slice(0, namedKeys).join(', ')}${more}`
}

/** An edit by hand can make it unreadable: then nothing is known of what was applied, and nothing is removed. */
function appliedIn(annotations: Record<string, string>): { labels: string[]; annotations: string[] } {
  try {
    const applied = JSON.parse(annotations[appliedMetadataAnnotation] ?? '') as Partial<Record<string, unknown>> | null
    return { labels: textsIn(applied?.['labels']), annotations: textsIn(applied?.['annotations']) }
  } catch {
    return { labels: [], annotations: [] }
  }
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** What was applied before and is in the spec still, with the values that it has. */
function stillThere(
  wanted: Record<string, string>,
  before: Record<string, string> = {},
  applied: readonly string[],
): Record<string, string> {
  return withKeys(before, (key) => applied.includes(key) && Object.hasOwn(wanted, key) && !isReservedKey(key))
}

function withKeys(entries: Record<string, string>, keeps: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => keeps(key)))
}

function within(wanted: Record<string, string>, actual: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => actual[key] === value)
}
