import { createHash } from 'node:crypto'
import { desiredStateOf, endpointCheckOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { KeyringEntry } from '../../contract/keyring/entry.ts'
import type { ObservedWebhook } from './observed.ts'

/**
 * What a check proves: that deliveries to this address, signed with this secret, arrive. Kept in status as a digest.
 */
function proofOf(uri: string, keyId: string): string {
  return `${digest(uri, 12)}.${keyId}`
}

/** Whether two proofs are about the same address; the secret may differ. */
export function sameAddress(proof: string | undefined, other: string): boolean {
  return proof !== undefined && proof.split('.')[0] === other.split('.')[0]
}

/** Whether the last successful check was of this address. */
export function provesAddress(proof: string | undefined, uri: string | undefined): boolean {
  return uri !== undefined && sameAddress(proof, proofOf(uri, ''))
}

/** The start of every attempt id for this proof, so that an attempt tells what it would prove. */
export function attemptPrefixOf(proof: string): string {
  return `${digest(proof, 8)}-`
}

/** What is to be proven now; undefined without an endpoint of ours or a secret in the keyring. */
export function wantedProof(
  { endpoint }: Pick<ObservedWebhook, 'endpoint'>,
  keyring: KeyringEntry | undefined,
): string | undefined {
  const keyId = keyring?.secrets[0]?.keyId
  return endpoint.state === 'ours' && keyId !== undefined ? proofOf(endpoint.url, keyId) : undefined
}

/** Whether a ping must come back through the endpoint at all. */
export function isCheckWanted(webhook: GeminiWebhook, { endpoint }: Pick<ObservedWebhook, 'endpoint'>): boolean {
  return (
    endpoint.state === 'ours' &&
    endpointCheckOf(webhook.spec) !== 'Never' &&
    desiredStateOf(webhook.spec) === 'Enabled' &&
    webhook.spec.events !== undefined
  )
}

function digest(text: string, hexDigits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hexDigits)
}

/**
 * Constant, so that waiting writes nothing, and true before the first ping too; status.check says how many were sent.
 */
export const checkPendingMessage = 'no signed ping of Google has come back through the endpoint yet'
