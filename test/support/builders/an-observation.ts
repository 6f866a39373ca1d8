import { ownerUidAnnotation } from '../../../src/api/names.ts'
import type { Failure } from '../../../src/controller/facts/failure-class.ts'
import { attemptPrefixOf, wantedProof } from '../../../src/controller/facts/endpoint-proof.ts'
import { found, missing } from '../../../src/controller/facts/lookup.ts'
import type { CheckView, IntentView, ObservedWebhook, RemoteView } from '../../../src/controller/facts/observed.ts'
import { markerOf, remoteNameOf } from '../../../src/controller/facts/ownership.ts'
import type { TargetSecret } from '../../../src/controller/secrets/target-secret.ts'
import type { RemoteWebhook } from '../../../src/gemini/webhook-service.ts'
import type { KeyringEntry, LiveSecret } from '../../../src/contract/keyring/entry.ts'
import { keyIdOf } from '../../../src/contract/keyring/shard.ts'
import { endpointUrl, fingerprint, installation, installationId, remoteId } from './a-webhook.ts'

export const marker = markerOf(installationId, { namespace: 'ml', name: 'batch-events' })
export const identity = { marker, token: installation.token, formerTokens: [] }
export const remoteName = remoteNameOf(identity, undefined)
/** Ends in `aaaa`, which is what the remote of `anObservation` shows. */
export const currentSecret = 'whsec_currentcurrentcurrentcurrentaaaa'
export const otherSecret = 'whsec_otherotherotherotherotherotherbbbb'

export function live(secret: string, notAfter?: string): LiveSecret {
  return { keyId: keyIdOf(secret), secret, ...(notAfter !== undefined && { notAfter }) }
}

export function aRemote(changes: Partial<RemoteWebhook> = {}): RemoteWebhook {
  return {
    id: remoteId,
    name: remoteName,
    uri: endpointUrl,
    subscribedEvents: ['batch.succeeded'],
    state: 'enabled',
    signingSecrets: [{ truncatedSecret: 'whsec_...aaaa' }],
    ...changes,
  }
}

/** What the controller sees; starts with a registered webhook at rest, everything in agreement. */
export class ObservationBuilder {
  readonly #observed: ObservedWebhook

  constructor(observed: ObservedWebhook) {
    this.#observed = observed
  }

  with(changes: Partial<ObservedWebhook>): ObservationBuilder {
    return new ObservationBuilder({ ...this.#observed, ...changes })
  }

  unregistered(): ObservationBuilder {
    return this.with({
      remote: { state: 'missing', confirmed: true, confirmInMs: 0 },
      keyring: undefined,
    }).withoutSecret()
  }

  withoutSecret(): ObservationBuilder {
    return this.with({ secret: missing })
  }

  withSecret(changes: Partial<TargetSecret>): ObservationBuilder {
    return this.with({ secret: found({ ...targetOf(currentSecret), ...changes }) })
  }

  withKeyring(...secrets: LiveSecret[]): ObservationBuilder {
    const keyring = secrets.length === 0 ? undefined : entryOf(secrets)
    return this.with({ keyring })
  }

  withRemote(changes: Partial<RemoteWebhook>, view: Partial<RemoteView> = {}): ObservationBuilder {
    const value = { webhook: aRemote(changes), owner: 'ours' as const, confirmed: false, confirmInMs: 0, ...view }
    return this.with({ remote: found(value) })
  }

  remoteFails(changes: Partial<Failure> = {}): ObservationBuilder {
    return this.with({ remote: { state: 'failed', failure: aFailure(changes) } })
  }

  withIntent(intent: IntentView): ObservationBuilder {
    return this.with({ intent })
  }

  withCheck(changes: Partial<CheckView>): ObservationBuilder {
    return this.with({ check: { ...this.#observed.check, ...changes } })
  }

  withoutKey(): ObservationBuilder {
    const apiKey = {
      state: 'missing',
      reason: 'SecretNotFound',
      message: 'Secret ml/gemini-api-key does not exist',
    } as const
    return this.with({ apiKey, remote: { state: 'notAsked' } })
  }

  build(): ObservedWebhook {
    return this.#observed
  }
}

export function aFailure(changes: Partial<Failure> = {}): Failure {
  return {
    class: 'transient',
    reason: 'RemoteUnavailable',
    message: 'Google is away',
    mayHaveCommitted: false,
    ...changes,
  }
}

export function anObservation(): ObservationBuilder {
  return new ObservationBuilder({
    installation: { state: 'confirmed', ...installation },
    endpoint: { state: 'ours', url: endpointUrl },
    apiKey: found({ fingerprint }),
    secret: found(targetOf(currentSecret)),
    keyring: entryOf([live(currentSecret)]),
    keyringHasRoom: true,
    sinks: { resolved: [], held: [], status: [] },
    remote: found({ webhook: aRemote(), owner: 'ours' as const, confirmed: false, confirmInMs: 0 }),
    fenceDue: false,
    rollout: { state: 'go' },
    claimant: undefined,
    intent: { state: 'none' },
    check: { openForMs: 60_000, pinged: 0, sincePingMs: 0, echoes: [], restingMs: 0 },
    probe: { state: 'none' },
    reenableCounted: false,
    report: undefined,
    namespaceTerminating: false,
    keylessMs: 0,
  })
}

/** The proof that the observation at rest calls for, and an attempt for it. */
export const proof = wantedProof(anObservation().build(), anObservation().build().keyring) ?? ''
export const attemptID = `${attemptPrefixOf(proof)}0123456789abcdef`

function targetOf(current: string): TargetSecret {
  return {
    ownership: 'ours',
    uid: 'secret-uid',
    resourceVersion: '7',
    secrets: { current },
    otherData: {},
    wellFormed: true,
    labels: {},
    annotations: { [ownerUidAnnotation]: 'uid-1' },
  }
}

function entryOf(secrets: LiveSecret[]): KeyringEntry {
  return { uid: 'uid-1', namespace: 'ml', name: 'batch-events', secrets, sinks: [] }
}
