import { routeNameOf } from '../contract/route-owner.ts'
import type { InboxOwner } from '../inbox/port.ts'

/** Of one value; the server takes subjects of some kilobytes, which are hard to read. */
const maxTokenLength = 128
const maxSubjectLength = 1_024
const subjectPattern = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/

/**
 * Fills `{namespace}`, `{name}` and `{type}` in, each as one token: whatever a value holds, it can neither add a level
 * to the subject nor make a wildcard of it. undefined: what comes out is no subject that may be published to, wherever
 * the template came from.
 */
export function fillSubject(template: string, owner: InboxOwner, eventType: string): string | undefined {
  const name = routeNameOf(owner.name) ?? owner.name
  const values: Record<string, string> = { namespace: owner.namespace, name, type: eventType }
  const subject = template.replaceAll(/\{(namespace|name|type)\}/g, (_, key: string) => tokenOf(values[key] ?? ''))
  return subject.length <= maxSubjectLength && subjectPattern.test(subject) ? subject : undefined
}

/** `batch.succeeded` becomes `batch_succeeded`. */
export function tokenOf(value: string): string {
  const token = value.slice(0, maxTokenLength).replaceAll(/[^A-Za-z0-9_-]/g, '_')
  return token === '' ? '_' : token
}

/** Whether a subject is `prefix` or below it. */
export function isBelow(subject: string, prefix: string): boolean {
  return subject === prefix || subject.startsWith(`${prefix}.`)
}
