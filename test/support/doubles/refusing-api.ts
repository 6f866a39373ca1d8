import { keyringSecretPrefix } from '../../../src/contract/keyring/entry.ts'
import { KubernetesApiError } from '../../../src/kubernetes/client.ts'
import type { WriteHook, WriteSubject } from '../worlds/controller-fixture.ts'

/** What the controller writes around a call that cannot be repeated. */
export type Written = 'target Secret' | 'keyring' | 'dynamic Secret' | 'status' | 'finalizer'

/** How an API server says no for good, in its own words. */
export const refusalsForGood = {
  'missing right': [403, 'Forbidden', 'is forbidden: User "gwh-controller" cannot update resource in the namespace'],
  immutable: [422, 'Invalid', 'is invalid: data: Forbidden: field is immutable when `immutable` is set'],
  policy: [422, 'Invalid', "is forbidden: ValidatingAdmissionPolicy 'secrets-need-an-owner' denied request"],
  webhook: [400, 'BadRequest', 'admission webhook "policies.example.com" denied the request: no'],
  'no dry run': [400, 'BadRequest', 'admission webhook "audit.example.com" does not support dry run'],
  quota: [403, 'Forbidden', 'is forbidden: exceeded quota: objects, requested: count/secrets=1'],
} as const satisfies Record<string, readonly [number, string, string]>

export type RefusalForGood = keyof typeof refusalsForGood

/**
 * Stands between a controller and its API server, and refuses some of its writes, rehearsed or not, until it is told
 * otherwise.
 */
export function createRefusingApi() {
  const refused = new Map<Written, RefusalForGood>()
  const hook: WriteHook = (moment, call, subject) => {
    const written = writtenBy(call, subject)
    const how = written === undefined ? undefined : refused.get(written)
    if (moment === 'after' || how === undefined) return
    const [status, reason, text] = refusalsForGood[how]
    const message = `${call} ${subject?.namespace ?? ''}/${subject?.name ?? ''}: the API server answered ${status} ${reason}: ${text}`
    throw new KubernetesApiError({ status, reason, message })
  }
  return {
    hook,
    refuse: (written: Written, how: RefusalForGood) => void refused.set(written, how),
    lift: () => refused.clear(),
  }
}

function writtenBy(call: string, subject: WriteSubject | undefined): Written | undefined {
  if (call === 'replaceStatus GeminiWebhook') return 'status'
  if (call === 'patch GeminiWebhook') return 'finalizer'
  if (!call.endsWith(' Secret') || subject === undefined) return undefined
  if (subject.name.startsWith(keyringSecretPrefix)) return 'keyring'
  return subject.name.endsWith('-signing-secret') ? 'target Secret' : 'dynamic Secret'
}
