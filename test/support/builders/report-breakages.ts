import { reportsLabel } from '../../../src/contract/receiver-report/slots.ts'

/** What a receiver that somebody else runs may do to a ConfigMap for reports: each a merge patch. */
export const reportBreakages: readonly (readonly [what: string, body: object])[] = [
  ['immutable', { immutable: true }],
  ['immutable and with a finalizer', { immutable: true, metadata: { finalizers: ['example.com/mine'] } }],
  ['with a finalizer', { metadata: { finalizers: ['example.com/mine'] } }],
  ['full of bytes', { binaryData: { junk: Buffer.alloc(700 * 1024).toString('base64') } }],
  ['full of text that is no report', { data: { junk: 'x'.repeat(900 * 1024) } }],
  ['without its label', { metadata: { labels: { [reportsLabel.key]: null } } }],
]

interface AnyConfigMap {
  metadata: { labels?: Record<string, string>; finalizers?: string[] }
  data?: Record<string, string>
  binaryData?: Record<string, string>
  immutable?: boolean
}

/** Whether a receiver can report there again. */
export function isMended(configMap: AnyConfigMap | undefined): boolean {
  if (configMap === undefined) return false
  const { metadata, data = {}, binaryData = {}, immutable } = configMap
  const isOurs = metadata.labels?.[reportsLabel.key] === reportsLabel.value
  const isFree = immutable !== true && (metadata.finalizers ?? []).length === 0
  return isOurs && isFree && data['junk'] === undefined && Object.keys(binaryData).length === 0
}
