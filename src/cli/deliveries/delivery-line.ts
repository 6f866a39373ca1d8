import { stringify } from 'yaml'

import type { DeliveryEntry } from '../../contract/admin-api/deliveries.ts'
import type { Output } from '../print-as.ts'
import { cellOf } from '../table.ts'
import type { Forwarded } from './forward.ts'

/** Pure: one of a stream, as one line, or as one document of a stream of YAML. */
export function printedLine(output: Output, value: object, line: () => string): string {
  if (output === 'yaml') return `---\n${stringify(value)}`
  return `${output === 'json' ? JSON.stringify(value) : line()}\n`
}

/** Pure: a request or a step for people. */
export function lineOf(pod: string, entry: DeliveryEntry): string {
  const { at, namespace, name, eventId } = entry
  const webhook = name === undefined ? cellOf(entry['route']) : `${cellOf(namespace)}/${cellOf(name)}`
  const words = [cellOf(at), pod, webhook, cellOf(eventId) || '-']
  if (entry.kind === 'request') words.push('<-', cellOf(entry.outcome), cellOf(entry.status))
  else words.push('->', cellOf(entry.sink), ...stepWords(entry))
  return words.filter((word) => word !== '').join(' ')
}

function stepWords({ next, reason, attempt, retryAt }: Extract<DeliveryEntry, { kind: 'step' }>): string[] {
  const tried = attempt === undefined ? '' : `attempt ${attempt.number} ${cellOf(attempt.outcome)}`
  return [tried, ...[attempt?.status, attempt?.cause, next, reason, retryAt].map(cellOf)]
}

/** Pure: what a forwarded event was answered. */
export function lineOfForwarded(
  { at, pod, url }: { at: string; pod: string; url: string },
  { namespace, name, eventId, status, cause, durationMs }: Forwarded,
): string {
  return [
    at,
    pod,
    `${cellOf(namespace)}/${cellOf(name)}`,
    cellOf(eventId),
    '=>',
    url,
    status ?? cause,
    `${durationMs}ms`,
  ].join(' ')
}
