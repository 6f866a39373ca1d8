import { managedByLabel, managedByValue } from '../../api/names.ts'
import { reportsLabel } from '../../contract/receiver-report/slots.ts'
import type { ConfigMap } from '../../kubernetes/core-kinds.ts'
import { readReport } from './read-report.ts'
import { maxPodsEach } from './report-shelf.ts'

/**
 * What keeps receivers from writing their reports: a compromised receiver may patch every ConfigMap of the list, in
 * every field. `Held`: it has a finalizer or an owner reference, so that it could not be deleted or would be deleted by
 * others. `Immutable`: it takes no write any more. `Cluttered`: there is no room.
 */
export type ReportMapFault = 'Held' | 'Immutable' | 'Cluttered'

interface AnyConfigMap extends ConfigMap {
  immutable?: boolean
  binaryData?: Record<string, string>
  metadata: ConfigMap['metadata'] & { ownerReferences?: unknown[] }
}

/** Of the 1 MiB that a ConfigMap holds: what is not a report may take the rest. */
const clutterFromBytes = 256 * 1024
/** Other tools may add annotations and labels; more than this counts as clutter. */
const maxAnnotationBytes = 32 * 1024

function bytesOf(entries: Readonly<Record<string, string>> = {}): number {
  return Object.entries(entries).reduce((sum, [key, text]) => sum + key.length + text.length, 0)
}

export function faultOf(configMap: ConfigMap): ReportMapFault | undefined {
  const { metadata, immutable, binaryData }: AnyConfigMap = configMap
  const isOwned = (metadata.ownerReferences ?? []).length > 0 || (metadata.finalizers ?? []).length > 0
  if (isOwned) return 'Held'
  if (immutable === true) return 'Immutable'
  const annotationBytes = bytesOf(metadata.annotations) + bytesOf(metadata.labels)
  if (Object.keys(binaryData ?? {}).length > 0 || annotationBytes > maxAnnotationBytes) return 'Cluttered'
  if (clutterIn(configMap).length > 0) return 'Cluttered'
  return undefined
}

/** The merge patch that takes away what is not ours. */
export function withoutStrangers(configMap: ConfigMap): { metadata: object; binaryData: null; data?: object } {
  const data = Object.fromEntries(clutterIn(configMap).map((key) => [key, null]))
  const labels = Object.fromEntries(Object.keys(configMap.metadata.labels ?? {}).map((key) => [key, null]))
  return {
    metadata: { finalizers: null, ownerReferences: null, annotations: null, labels: { ...labels, ...ownLabels } },
    binaryData: null,
    ...(Object.keys(data).length > 0 && { data }),
  }
}

const ownLabels = { [managedByLabel]: managedByValue, [reportsLabel.key]: reportsLabel.value }

/** As it is made, with what could be read of the one before it. */
export function newReportMap(key: { namespace: string; name: string }, before?: ConfigMap): ConfigMap {
  const data = Object.entries(before?.data ?? {}).slice(0, maxPodsEach)
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...key, labels: ownLabels },
    data: Object.fromEntries(data.filter(([, text]) => readReport(text) !== undefined)),
  }
}

/** Keys that are in the way: what is no report, where it takes much room, and more keys than are read. */
function clutterIn({ data = {} }: ConfigMap): string[] {
  const keys = Object.keys(data)
  const surplus = keys.slice(maxPodsEach)
  const bytes = Object.values(data).reduce((sum, text) => sum + text.length, 0)
  if (bytes < clutterFromBytes) return surplus
  const unreadable = keys.slice(0, maxPodsEach).filter((key) => !startsAsReport(data[key] ?? ''))
  return [...surplus, ...unreadable]
}

/** Without reading it whole: this is asked with every change. */
function startsAsReport(text: string): boolean {
  return /^\{"(time|ownInbox|stopped|endpoints)":/.test(text)
}
