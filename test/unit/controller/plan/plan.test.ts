import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { ownerUidAnnotation } from '../../../../src/api/names.ts'
import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import type { Finding, Next } from '../../../../src/controller/plan/result.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook, endpointUrl, remoteId } from '../../../support/builders/a-webhook.ts'
import {
  aFailure,
  anObservation,
  aRemote,
  attemptID,
  currentSecret,
  live,
  otherSecret,
  proof,
  remoteName,
} from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const tomorrow = '2026-11-22T11:00:00Z'
const today = '2026-11-21T09:00:00Z'
const yesterday = '2026-11-20T11:00:00Z'

const now: Next = { type: 'now' }
const resync: Next = { type: 'resync' }

function told({ type, reason, condition }: Finding): string {
  return [type, reason, ...(condition === undefined ? [] : [`${condition.type}=${condition.status}`])].join(' ')
}

interface PlanCase {
  name: string
  given: [webhook: { build(): GeminiWebhook }, observed: { build(): ObservedWebhook }]
  /** The actions in order, whole: one with the right type and a wrong argument is a wrong action. */
  want: Action[]
  next: Next
  /** What is found, its reason and the condition that it decides. */
  tells: string
  because: string
}

/** At rest, with the proof of its endpoint and the name that it should have. */
const rested = aWebhook().registered({ checkedSpec: proof, name: aRemote().name ?? '' })
const unproven = aWebhook().registered({ name: aRemote().name ?? '' })
const foreignHint = { signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] }
const gaveUp = anObservation().withRemote({ state: 'disabled_due_to_failed_deliveries' })
/** At noon on 21 November 2026, a Saturday. */
const pause = { message: 'the whole installation is paused' }
const open = { cron: '0 11 * * *', duration: '4h' }
const closed = { cron: '0 2 * * 1-5', duration: '4h', timeZone: 'Europe/Berlin' }
const gone = { state: 'missing', confirmed: true, confirmInMs: 0 } as const
/** Once registered, and not any more. */
const unrequired = aWebhook().finalized().spec({ events: undefined, dynamic: {} })
/** Nothing is asked of Google, and nothing is known of it. */
const withoutKey = anObservation()
  .unregistered()
  .with({ apiKey: { state: 'notNeeded' }, remote: { state: 'notAsked' } })

const creation: PlanCase[] = [
  {
    name: 'a new object gets its finalizer before anything else',
    given: [aWebhook(), anObservation().unregistered()],
    want: [{ type: 'AddFinalizer' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'a webhook that is registered first could outlive its object',
  },
  {
    name: 'a create begins with the empty Secret and the intent',
    given: [aWebhook().finalized(), anObservation().unregistered()],
    want: [{ type: 'PrepareSecret' }, { type: 'RecordIntent', operation: 'Create' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'the secret is shown once: there must be a place for it and a trace of the call, before the call',
  },
  {
    name: 'a settled create that left something without our marker stops there',
    given: [
      aWebhook().registered().intending('Create'),
      anObservation()
        .withIntent({ state: 'settled' })
        .withRemote({ name: 'renamed', uri: 'https://elsewhere.example.com/', ...foreignHint }, { owner: 'nobody' }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled MarkerNotEchoed Registered=False',
    because: 'what does not say that it is ours is not touched, and the create is not repeated',
  },
  {
    name: 'a settled create that left something with the marker of somebody else stops there',
    given: [
      aWebhook().registered().intending('Create'),
      anObservation().withIntent({ state: 'settled' }).withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled MarkerNotEchoed Registered=False',
    because: 'it would be taken from its owner',
  },
  {
    name: 'the intent written by this process is carried out',
    given: [
      aWebhook().intending('Create'),
      anObservation().unregistered().withSecret({ secrets: {} }).withIntent({ state: 'ready' }),
    ],
    want: [
      { type: 'RegisterWebhook' },
      { type: 'StoreRevealedSecret' },
      { type: 'CloseIntent' },
      { type: 'OpenCheck' },
    ],
    next: now,
    tells: 'Progressing Progressing',
    because: 'the intent is written, and nobody else acts on it',
  },
  {
    name: 'an intent of somebody else is given time to settle',
    given: [
      aWebhook().intending('Create'),
      anObservation().unregistered().withIntent({ state: 'waiting', remainingMs: 40_000 }),
    ],
    want: [],
    next: { type: 'after', delayMs: 40_000 },
    tells: 'Progressing CreateIncomplete',
    because: 'the POST of a dead process may still be under way',
  },
  {
    name: 'a settled create of which nothing came is begun anew',
    given: [aWebhook().intending('Create'), anObservation().unregistered().withIntent({ state: 'settled' })],
    want: [{ type: 'CloseIntent' }],
    next: now,
    tells: 'Progressing CreateIncomplete',
    because: 'a fresh list shows nothing: the call was never made',
  },
  {
    name: 'a settled create whose secret is stored is taken over without a rotation',
    given: [aWebhook().intending('Create'), anObservation().withKeyring().withIntent({ state: 'settled' })],
    want: [
      { type: 'AdoptWebhook', id: remoteId },
      { type: 'WriteKeyring', secrets: [live(currentSecret)] },
      { type: 'CloseIntent' },
    ],
    next: now,
    tells: 'Progressing CreateIncomplete',
    because: 'the Secret holds the hint of the one webhook that is there',
  },
  {
    name: 'a settled create whose secret nobody holds is taken over and rotated',
    given: [
      aWebhook().intending('Create'),
      anObservation().withKeyring().withSecret({ secrets: {} }).withIntent({ state: 'settled' }),
    ],
    want: [
      { type: 'AdoptWebhook', id: remoteId },
      { type: 'RecordIntent', operation: 'Rotate', cause: 'Adoption' },
    ],
    next: now,
    tells: 'Progressing Progressing',
    because: 'a revealed secret cannot be read again; only a rotation reunites the pair',
  },
  {
    name: 'a stranger’s Secret stops the create',
    given: [aWebhook().finalized(), anObservation().unregistered().withSecret({ ownership: 'stranger' })],
    want: [],
    next: resync,
    tells: 'Stalled SecretNameTaken SecretAvailable=False',
    because: 'what is not ours is never written, and without a place nothing is asked for',
  },
  {
    name: 'sinks that nothing can be kept for stop the first registration',
    given: [
      aWebhook().finalized(),
      anObservation()
        .unregistered()
        .with({
          sinks: {
            resolved: [],
            held: ['events'],
            status: [],
            problem: { reason: 'SinkUnsupported', message: 'no NATS', blocksRegistration: true },
          },
        }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled SinkUnsupported SinksResolved=False',
    because: 'events would arrive that nobody keeps for that sink',
  },
  {
    name: 'a keyring without room stops the first registration',
    given: [aWebhook().finalized(), anObservation().unregistered().with({ keyringHasRoom: false })],
    want: [],
    next: resync,
    tells: 'Stalled KeyringFull Registered=False',
    because: 'deliveries would arrive that no receiver knows the secret of',
  },
  {
    name: 'without its API key an object waits',
    given: [aWebhook().finalized(), anObservation().withoutKey()],
    want: [],
    next: { type: 'after', delayMs: config.resyncIntervalMs },
    tells: 'Progressing SecretNotFound CredentialsValid=False',
    because: 'the Secret is watched and wakes it',
  },
  {
    name: 'a refused API key is tried again slowly',
    given: [
      aWebhook().finalized(),
      anObservation().remoteFails({ class: 'credentials', reason: 'CredentialsRejected' }),
    ],
    want: [],
    next: { type: 'after', delayMs: config.credentialsRetryMs, spread: true },
    tells: 'Stalled CredentialsRejected CredentialsValid=False',
    because: 'no hot loop on a bad key',
  },
  {
    name: 'a host name that is not allowed is refused',
    given: [
      aWebhook().finalized(),
      anObservation().with({ endpoint: { state: 'invalid', message: 'spec.endpoint.hostname is not allowed' } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled InvalidSpec Registered=False',
    because: 'tenants must not register endpoints under foreign hosts',
  },
  {
    name: 'a host that is not allowed stops the move there, not the care for what is registered',
    given: [rested, anObservation().with({ endpoint: { state: 'invalid', message: 'spec.endpoint.hostname' } })],
    want: [],
    next: resync,
    tells: 'Stalled InvalidSpec InSync=False',
    because: 'only the change that is asked for cannot be made',
  },
  {
    name: 'under a host that is not allowed a lost secret is repaired all the same',
    given: [
      rested,
      anObservation()
        .withoutSecret()
        .with({ endpoint: { state: 'invalid', message: 'spec.endpoint.hostname' } }),
    ],
    want: [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' }],
    next: now,
    tells: 'Progressing Repairing SecretAvailable=False',
    because: 'Google goes on delivering to the former address',
  },
  {
    name: 'under a host that is not allowed nothing is registered again',
    given: [
      aWebhook().finalized(),
      anObservation()
        .unregistered()
        .with({ endpoint: { state: 'invalid', message: 'spec.endpoint.hostname' } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled InvalidSpec Registered=False',
    because: 'there is no address to register',
  },
  {
    name: 'a restored or cloned cluster acts on nothing',
    given: [
      rested,
      anObservation().with({ installation: { state: 'unconfirmed', message: 'made in another cluster' } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled InstallationUnconfirmed Registered=False',
    because: 'the original may still be alive',
  },
  {
    name: 'suspended objects make no calls',
    given: [rested.spec({ suspend: true }), anObservation().with({ remote: { state: 'notAsked' } })],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'spec.suspend is true',
  },
  {
    name: 'objects of an installation that is paused make no calls',
    given: [rested, anObservation().with({ pause, remote: { state: 'notAsked' } })],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'Ready says what is the matter; nothing is under way',
  },
  {
    name: 'a pause does not keep a change of sinks from the receivers',
    given: [
      rested,
      anObservation().with({
        pause,
        remote: { state: 'notAsked' },
        sinks: { resolved: [], held: ['new'], status: [] },
      }),
    ],
    want: [{ type: 'WriteKeyring', secrets: [live(currentSecret)] }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'receiving goes on as it is wanted',
  },
]

const identity: PlanCase[] = [
  {
    name: 'a registered webhook at rest',
    given: [rested, anObservation()],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'everything agrees',
  },
  {
    name: 'a keyring without room for others is no matter for an object that is registered',
    given: [rested, anObservation().with({ keyringHasRoom: false })],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'its entry is there',
  },
  {
    name: 'duplicates leave the one whose secret is held',
    given: [
      rested,
      anObservation().with({
        remote: { state: 'several', webhooks: [aRemote({ id: 'aaa', ...foreignHint }), aRemote()] },
      }),
    ],
    want: [{ type: 'DeleteWebhooks', ids: ['aaa'], cause: 'Twin' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'at rest there is exactly one, and the one that receivers can verify stays',
  },
  {
    name: 'somebody else’s marker makes hands off',
    given: [rested, anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })],
    want: [],
    next: resync,
    tells: 'Stalled OwnedByAnotherInstallation InSync=False',
    because: 'an id in status is a hint, not an authority',
  },
  {
    name: 'a known webhook without any marker gets it back when its URL is ours',
    given: [rested, anObservation().withRemote({ name: 'by hand' }, { owner: 'nobody' })],
    want: [{ type: 'UpdateWebhook', id: remoteId, changes: { name: remoteName }, field: 'name', cause: 'Drift' }],
    next: now,
    tells: 'Progressing Drifted InSync=False',
    because: 'only its name was edited',
  },
  {
    name: 'a webhook without a marker that nothing ties to us is left alone',
    given: [
      rested,
      anObservation().withRemote(
        { name: 'victim', uri: 'https://victim.example.com/', ...foreignHint },
        { owner: 'nobody' },
      ),
    ],
    want: [],
    next: resync,
    tells: 'Stalled OwnedByAnotherInstallation InSync=False',
    because: 'whoever can write a status must not be able to point us at another webhook',
  },
  {
    name: 'an id that answers 404 once is asked for again',
    given: [rested, anObservation().with({ remote: { state: 'missing', confirmed: false, confirmInMs: 60_000 } })],
    want: [],
    next: { type: 'after', delayMs: 60_000 },
    tells: 'Progressing Missing Registered=Unknown',
    because: 'missing only after two answers, at least 60 s apart',
  },
  {
    name: 'an id that is gone for good is forgotten, to be registered again',
    given: [rested, anObservation().with({ remote: gone })],
    want: [{ type: 'ForgetWebhook' }],
    next: now,
    tells: 'Progressing Missing',
    because: 'the same key saw it before: another hand deleted it',
  },
  {
    name: 'an id that a key of another project does not know is left there properly',
    given: [aWebhook().registered({ keyFingerprint: 'another' }), anObservation().with({ remote: gone })],
    want: [{ type: 'LeaveProject', id: remoteId }, { type: 'ForgetWebhook' }],
    next: now,
    tells: 'Progressing ProjectChanged CredentialsValid=False',
    because: 'it may well live on in the old project',
  },
  {
    name: 'without events what was registered is removed',
    given: [rested.spec({ events: undefined, dynamic: {} }), anObservation()],
    want: [{ type: 'DeleteWebhooks', ids: [remoteId], cause: 'NotRequired' }],
    next: now,
    tells: 'Progressing NotRequired',
    because: 'only the dynamic endpoint is wanted',
  },
  {
    name: 'with Retain a webhook that is not required any more is let go and not removed',
    given: [rested.spec({ events: undefined, dynamic: {}, deletionPolicy: 'Retain' }), anObservation()],
    want: [{ type: 'ForgetWebhook' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'the deletion policy counts for it as for the whole object',
  },
  {
    name: 'an adopted webhook that is not required any more is retained unless told otherwise',
    given: [rested.spec({ events: undefined, dynamic: {}, externalID: remoteId }), anObservation()],
    want: [{ type: 'ForgetWebhook' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'it existed before us',
  },
  {
    name: 'after the webhook its secrets are taken from the receivers',
    given: [unrequired, anObservation().with({ remote: gone })],
    want: [{ type: 'WriteKeyring', secrets: [] }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'nothing is signed with them any more',
  },
  {
    name: 'and its Secret goes with Delete',
    given: [unrequired, anObservation().with({ remote: gone, keyring: undefined })],
    want: [{ type: 'DeleteTargetSecret' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'it holds what signs nothing',
  },
  {
    name: 'a Secret of that name that belongs to somebody else stays',
    given: [
      unrequired,
      anObservation().with({ remote: gone, keyring: undefined }).withSecret({ ownership: 'stranger' }),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'it was never ours',
  },
  {
    name: 'with Retain webhook and Secret rest where they are',
    given: [
      unrequired.spec({ events: undefined, dynamic: {}, deletionPolicy: 'Retain' }),
      anObservation().with({ keyring: undefined }),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'the pair stays usable, and is taken up again when events come back',
  },
  {
    name: 'what needs no API key rests without Google',
    given: [unrequired.spec({ apiKeySecretRef: undefined }), withoutKey],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'nothing of it is there',
  },
  {
    name: 'what needs no API key puts away what its webhook has left here',
    given: [unrequired.spec({ apiKeySecretRef: undefined }), withoutKey.withSecret({})],
    want: [{ type: 'DeleteTargetSecret' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'the webhook was removed while there was a key',
  },
  {
    name: 'without an API key a webhook that may stay is let go',
    given: [
      rested.spec({ events: undefined, dynamic: {}, deletionPolicy: 'Retain', apiKeySecretRef: undefined }),
      withoutKey,
    ],
    want: [{ type: 'ForgetWebhook' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'Retain asks nothing of Google',
  },
]

const older = { namespace: 'ml', name: 'older', right: 'Older' } as const
const adopting = aWebhook().finalized().spec({ externalID: remoteId })

const adoption: PlanCase[] = [
  {
    name: 'an id that an older object claims is left to it',
    given: [adopting, anObservation().with({ claimant: older })],
    want: [],
    next: resync,
    tells: 'Stalled ExternalIDInUse Registered=False',
    because: 'two objects for one webhook would undo each other’s changes',
  },
  {
    name: 'a webhook of a live object is not taken over, whatever the policy says',
    given: [
      adopting.spec({ adoptionPolicy: 'TakeOver' }),
      anObservation()
        .withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })
        .with({ claimant: { namespace: 'ml', name: 'registered', right: 'Registered' } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled ExternalIDInUse Registered=False',
    because: 'a marker of a live object of ours is never taken',
  },
  {
    name: 'deleting an object whose webhook belongs to an older one deletes nothing at Google',
    given: [
      adopting.spec({ deletionPolicy: 'Delete' }).deleting(),
      anObservation().withRemote({ name: 'by hand' }, { owner: 'nobody' }).with({ claimant: older }),
    ],
    want: [{ type: 'RemoveKeyringEntry' }, { type: 'DeleteTargetSecret' }, { type: 'RemoveFinalizer' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'the older object lives on',
  },
  {
    name: 'what an earlier life left is taken back by default',
    given: [aWebhook().finalized(), anObservation()],
    want: [{ type: 'AdoptWebhook', id: remoteId }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'it carries this object’s own marker',
  },
  {
    name: 'what an earlier life left is not taken back with CreateOnly',
    given: [aWebhook().finalized().spec({ adoptionPolicy: 'CreateOnly' }), anObservation()],
    want: [],
    next: resync,
    tells: 'Stalled AdoptionRefused Registered=False',
    because: 'only what this object creates is wanted',
  },
  {
    name: 'nor are several of them',
    given: [
      aWebhook().finalized().spec({ adoptionPolicy: 'CreateOnly' }),
      anObservation().with({ remote: { state: 'several', webhooks: [aRemote({ id: 'aaa' }), aRemote()] } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled AdoptionRefused Registered=False',
    because: 'deleting them would be taking them, too',
  },
  {
    name: 'CreateOnly does not disturb what this object has created',
    given: [rested.spec({ adoptionPolicy: 'CreateOnly' }), anObservation()],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'status knows the id',
  },
  {
    name: 'the same object of another installation makes this one stand back',
    given: [
      aWebhook().finalized(),
      anObservation()
        .unregistered()
        .with({ remote: { ...gone, rival: aRemote({ name: 'gwh:0123456789ab' }) } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled OwnedByAnotherInstallation Registered=False',
    because: 'two webhooks would deliver everything twice to one URL',
  },
  {
    name: 'a Secret labelled for import is taken as it is',
    given: [
      adopting.status({ webhook: { id: remoteId } }),
      anObservation().withKeyring().withSecret({ ownership: 'importable', annotations: {} }),
    ],
    want: [
      { type: 'WriteKeyring', secrets: [live(currentSecret)] },
      { type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Imported' },
    ],
    next: now,
    tells: 'Progressing Progressing',
    because: 'it fits the hint: no rotation',
  },
  {
    name: 'a Secret labelled for import that does not fit the hint is not touched',
    given: [
      adopting.status({ webhook: { id: remoteId } }),
      anObservation()
        .withKeyring()
        .withSecret({ ownership: 'importable', secrets: { current: otherSecret } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled SecretNameTaken SecretAvailable=False',
    because: 'rotating would overwrite what somebody keeps there',
  },
  {
    name: 'a Secret that an earlier life of the object left gets the uid of this one',
    given: [rested, anObservation().withSecret({ annotations: { [ownerUidAnnotation]: 'former' } })],
    want: [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Metadata' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'names are unique, so nobody else can own it',
  },
]

const secrets: PlanCase[] = [
  {
    name: 'a lost Secret is restored from the keyring',
    given: [rested, anObservation().withoutSecret()],
    want: [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' }],
    next: now,
    tells: 'Progressing Repairing SecretAvailable=False',
    because: 'the keyring still fits the hint: no rotation',
  },
  {
    name: 'a lost keyring entry is restored from the Secret',
    given: [rested, anObservation().withKeyring()],
    want: [{ type: 'WriteKeyring', secrets: [live(currentSecret)] }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'the Secret fits the hint: no rotation',
  },
  {
    name: 'a Secret with the right tail and the wrong rest is restored',
    given: [rested, anObservation().withSecret({ secrets: { current: 'whsec_forgedforgedforgedforgedforgedaaaa' } })],
    want: [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Overwritten' }],
    next: now,
    tells: 'Progressing Repairing SecretAvailable=False',
    because: 'Secret and keyring are compared in full; the hint alone is four characters',
  },
  {
    name: 'with both lost the secret is rotated at once',
    given: [rested, anObservation().withoutSecret().withKeyring()],
    want: [{ type: 'PrepareSecret' }, { type: 'RecordIntent', operation: 'Rotate', cause: 'Repair' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'there is nothing that a lagging list could be contradicting',
  },
  {
    name: 'a foreign hint right after our own change is waited for',
    given: [rested, anObservation().withRemote(foreignHint, { confirmInMs: 30_000 })],
    want: [],
    next: { type: 'after', delayMs: 30_000 },
    tells: 'Progressing Repairing',
    because: 'a read counts only 60 s after our own last mutation',
  },
  {
    name: 'a foreign hint that only a list showed is read by id',
    given: [rested, anObservation().withRemote(foreignHint)],
    want: [{ type: 'ConfirmRemote', id: remoteId }],
    next: now,
    tells: 'Progressing Repairing',
    because: 'the list may lag',
  },
  {
    name: 'a confirmed foreign hint is repaired by rotating',
    given: [rested, anObservation().withRemote(foreignHint, { confirmed: true })],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Repair' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'another hand rotated: what is held here verifies nothing new',
  },
  {
    name: 'a settled rotation with a foreign hint is confirmed before it is repeated',
    given: [rested.intending('Rotate'), anObservation().withRemote(foreignHint).withIntent({ state: 'settled' })],
    want: [{ type: 'ConfirmRemote', id: remoteId }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'a list may lag behind our own last change',
  },
  {
    name: 'a settled repair whose secret is stored under its attempt is done',
    given: [
      rested.intending('Rotate', { cause: 'Repair', attemptID: 'attempt-1' }),
      anObservation().withSecret({ attemptID: 'attempt-1' }).withIntent({ state: 'settled' }),
    ],
    want: [{ type: 'CloseIntent' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'only the answer to that very call brings a secret with this attempt',
  },
  {
    name: 'a settled repair after which the secret of before seems to fit is repeated',
    given: [
      rested.intending('Rotate', { cause: 'Repair', attemptID: 'attempt-1' }),
      anObservation().withRemote({}, { confirmed: true }).withIntent({ state: 'settled' }),
    ],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Repair' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'it did not fit before the call; another secret now ends in the same four characters',
  },
  {
    name: 'a hint that an unknown secret shares is like a lost secret',
    given: [
      rested,
      anObservation().withRemote(
        {
          signingSecrets: [
            { truncatedSecret: 'whsec_...aaaa', expireTime: '2099-01-01T00:00:00Z' },
            { truncatedSecret: 'whsec_...aaaa' },
          ],
        },
        { confirmed: true },
      ),
    ],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Repair' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'one of the two is not held, and it may be the one that Google signs with',
  },
  {
    name: 'the fourth repair of a day is left to a human',
    given: [
      rested.status({ signingSecret: { hint: 'whsec_...aaaa', repairTimes: [today, today, today] } }),
      anObservation().withSecret({ secrets: { current: otherSecret } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled SecretContested SecretAvailable=False',
    because: 'two writers of one Secret would go on for ever',
  },
  {
    name: 'repairs of the day before do not count',
    given: [
      rested.status({ signingSecret: { hint: 'whsec_...aaaa', repairTimes: [yesterday, yesterday, yesterday] } }),
      anObservation().withSecret({ secrets: { current: otherSecret } }),
    ],
    want: [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Overwritten' }],
    next: now,
    tells: 'Progressing Repairing SecretAvailable=False',
    because: 'the window is 24 hours',
  },
  {
    name: 'a previous secret is dropped when its time is over',
    given: [
      rested,
      anObservation()
        .withSecret({ secrets: { current: currentSecret, previous: otherSecret } })
        .withKeyring(live(currentSecret), live(otherSecret, '2026-11-21T11:59:59Z')),
    ],
    want: [
      { type: 'WriteKeyring', secrets: [live(currentSecret)] },
      { type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Expired' },
    ],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'Google no longer signs with it',
  },
  {
    name: 'a previous secret inside its overlap stays',
    given: [
      rested,
      anObservation()
        .withSecret({ secrets: { current: currentSecret, previous: otherSecret } })
        .withKeyring(live(currentSecret), live(otherSecret, tomorrow)),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'deliveries signed by it are still under way',
  },
  {
    name: 'a new rotation request writes its intent',
    given: [rested.spec({ rotation: { request: { id: 'leak-1' } } }), anObservation()],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Request', requestID: 'leak-1' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'the id was not handled before',
  },
  {
    name: 'a handled rotation request rotates nothing',
    given: [
      rested.spec({ rotation: { request: { id: 'leak-1' } } }).status({ rotation: { handledRequestIDs: ['leak-1'] } }),
      anObservation(),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'reverting a commit is harmless',
  },
  {
    name: 'an interval that has passed rotates',
    given: [rested.spec({ rotation: { interval: '24h' } }), anObservation()],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Interval' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'the last rotation was 48 hours ago, more than the interval and its spread',
  },
  {
    name: 'an interval that has just passed is spread over a tenth of it',
    given: [rested.spec({ rotation: { interval: '48h' } }), anObservation()],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'objects with the same interval must not rotate together',
  },
]

const windows: PlanCase[] = [
  {
    name: 'an interval that has passed waits for its window',
    given: [rested.spec({ rotation: { interval: '24h', windows: [closed] } }), anObservation()],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'scheduled rotations happen only inside a window',
  },
  {
    name: 'an interval that has passed rotates inside its window',
    given: [rested.spec({ rotation: { interval: '24h', windows: [closed, open] } }), anObservation()],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Interval' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'one of the windows is open',
  },
  {
    name: 'a rotation that is due before the next resync is woken up for',
    given: [
      rested.spec({
        rotation: { interval: '24h', windows: [{ cron: '5 12 * * *', duration: '1m', timeZone: 'UTC' }] },
      }),
      anObservation(),
    ],
    want: [],
    next: { type: 'after', delayMs: 308_706 },
    tells: 'AtRest Succeeded',
    because: 'a window of a minute would otherwise be slept through',
  },
  {
    name: 'a new request does not wait for a window',
    given: [rested.spec({ rotation: { request: { id: 'leak-1' }, windows: [closed] } }), anObservation()],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Request', requestID: 'leak-1' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'only scheduled rotations keep to windows',
  },
  {
    name: 'a request that asks for the next window waits for it',
    given: [
      rested.spec({ rotation: { request: { id: 'leak-1', window: 'Next' }, windows: [closed] } }),
      anObservation(),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'a rotation by commit keeps to the hours that were agreed on',
  },
  {
    name: 'a request that asks for the next window rotates once one is open',
    given: [
      rested.spec({ rotation: { request: { id: 'leak-1', window: 'Next' }, windows: [closed, open] } }),
      anObservation(),
    ],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Request', requestID: 'leak-1' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'an open window is the next one',
  },
  {
    name: 'a request that waits for a window is woken up for before the next resync',
    given: [
      rested.spec({
        rotation: {
          request: { id: 'leak-1', window: 'Next' },
          windows: [{ cron: '5 12 * * *', duration: '1m', timeZone: 'UTC' }],
        },
      }),
      anObservation(),
    ],
    want: [],
    next: { type: 'after', delayMs: 308_706 },
    tells: 'AtRest Succeeded',
    because: 'a window of a minute would otherwise be slept through',
  },
  {
    name: 'an interval and a request that are due in one window are one rotation',
    given: [
      rested.spec({
        rotation: {
          interval: '24h',
          request: { id: 'leak-1', window: 'Next' },
          windows: [{ cron: '0 0 30 2 *', duration: '1h' }, open],
        },
      }),
      anObservation(),
    ],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Request', requestID: 'leak-1' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'one rotation answers both, and the request names it',
  },
  {
    name: 'a lost secret does not wait for a window',
    given: [
      rested.spec({ rotation: { interval: '2160h', windows: [closed] } }),
      anObservation().withoutSecret().withKeyring(),
    ],
    want: [{ type: 'PrepareSecret' }, { type: 'RecordIntent', operation: 'Rotate', cause: 'Repair' }],
    next: now,
    tells: 'Progressing Progressing',
    because: 'nobody can verify anything until it is repaired',
  },
  {
    name: 'a window that can never open stops nothing and calls for nobody: a condition of its own tells it',
    given: [
      rested.spec({ rotation: { interval: '2160h', windows: [open, { cron: '0 0 30 2 *', duration: '1h' }] } }),
      anObservation(),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'the webhook works, and the other window counts',
  },
  {
    name: 'a window that can never open does not keep the others from rotating',
    given: [
      rested.spec({ rotation: { interval: '24h', windows: [{ cron: '0 0 30 2 *', duration: '1h' }, open] } }),
      anObservation(),
    ],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Interval' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'what can be done is done',
  },
]

const drift: PlanCase[] = [
  {
    name: 'a changed spec is sent to Google',
    given: [rested.spec({ events: ['batch.failed'] }).metadata({ generation: 2 }), anObservation()],
    want: [
      {
        type: 'UpdateWebhook',
        id: remoteId,
        changes: { subscribedEvents: ['batch.failed'] },
        field: 'subscribedEvents',
        cause: 'Spec',
      },
    ],
    next: now,
    tells: 'Progressing UpdatePending InSync=False',
    because: 'spec against last applied is always applied',
  },
  {
    name: 'drift is corrected by default',
    given: [rested, anObservation().withRemote({ uri: 'https://elsewhere.example.com/' })],
    want: [{ type: 'UpdateWebhook', id: remoteId, changes: { uri: endpointUrl }, field: 'uri', cause: 'Drift' }],
    next: now,
    tells: 'Progressing Drifted InSync=False',
    because: 'remote against last applied is drift, and driftPolicy is Correct',
  },
  {
    name: 'drift is only reported where the policy says so',
    given: [
      rested.spec({ driftPolicy: 'Report' }),
      anObservation().withRemote({ uri: 'https://elsewhere.example.com/' }),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'driftPolicy is Report',
  },
  {
    name: 'what Google disabled is left to a human where autoReenable is Never',
    given: [
      rested.spec({ autoReenable: 'Never' }),
      anObservation().withRemote({ state: 'disabled_due_to_failed_deliveries' }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled DisabledByGoogle Enabled=False',
    because: 'enabling a broken endpoint again only teaches Google to give up',
  },
]

const otherUrl = { uri: 'https://former.example.com/v1/s/ml/batch-events' }
const moving = aWebhook().registered({ name: aRemote().name ?? '', ...otherUrl })
const notYet = { state: 'wait', canary: { namespace: 'ml', name: 'first', failed: false } } as const

const rival = anObservation().withRemote({}, { rival: aRemote({ id: 'theirs', name: 'gwh:0123456789ab' }) })
const sinksOf = (recheck: boolean) => ({
  sinks: { resolved: [], held: [], status: [], ...(recheck && ({ recheck: true } as const)) },
})

const waking: PlanCase[] = [
  {
    name: 'a twin of another installation is told once everything else is done, and touched by nobody',
    given: [rested, rival],
    want: [],
    next: resync,
    tells: 'Stalled OwnedByAnotherInstallation InSync=False',
    because: 'two installations registered the same object at the same moment, and neither owns the other’s',
  },
  {
    name: 'a twin of another installation holds up no repair',
    given: [rested, rival.withoutSecret()],
    want: [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' }],
    next: now,
    tells: 'Progressing Repairing SecretAvailable=False',
    because: 'our own webhook goes on delivering',
  },
  {
    name: 'a Service that is not there is looked for before the next resync',
    given: [rested, anObservation().with(sinksOf(true))],
    want: [],
    next: { type: 'after', delayMs: config.sinkRecheckMs, spread: true },
    tells: 'AtRest Succeeded',
    because: 'Services are not watched',
  },
  {
    name: 'a Service that is not there delays no other step',
    given: [rested, anObservation().withoutSecret().with(sinksOf(true))],
    want: [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' }],
    next: now,
    tells: 'Progressing Repairing SecretAvailable=False',
    because: 'what looks again sooner by itself looks for the Service as well',
  },
  {
    name: 'Services that are there need no more looks than the resync',
    given: [rested, anObservation().with(sinksOf(false))],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'at rest nothing is asked for in between',
  },
  {
    name: 'a suspended object too notices a Service that comes',
    given: [rested.spec({ suspend: true }), anObservation().with(sinksOf(true))],
    want: [],
    next: { type: 'after', delayMs: config.sinkRecheckMs, spread: true },
    tells: 'AtRest Succeeded',
    because: 'receiving goes on, and sinks with it',
  },
  {
    name: 'a twin of another installation does not make a rotation sleep through its window',
    given: [
      rested
        .spec({ rotation: { interval: '48h', windows: [{ cron: '2 12 * * *', duration: '3m' }] } })
        .status({ rotation: { lastRotationTime: '2026-11-15T12:00:00Z' } }),
      rival,
    ],
    want: [],
    next: { type: 'after', delayMs: 146_117 },
    tells: 'Stalled OwnedByAnotherInstallation InSync=False',
    because: 'the window opens and closes before the next resync',
  },
]

const rollout: PlanCase[] = [
  {
    name: 'a changed base URL is applied when it is this object’s turn',
    given: [moving, anObservation().withRemote(otherUrl)],
    want: [{ type: 'UpdateWebhook', id: remoteId, changes: { uri: endpointUrl }, field: 'uri', cause: 'Spec' }],
    next: now,
    tells: 'Progressing UpdatePending InSync=False',
    because: 'it goes first, or the new address is proven',
  },
  {
    name: 'a changed base URL waits for the object that goes first, at rest',
    given: [moving, anObservation().withRemote(otherUrl).with({ rollout: notYet })],
    want: [],
    next: { type: 'after', delayMs: config.pingRepeatMs },
    tells: 'AtRest Succeeded',
    because: 'a wrong one would break every object at once, and what waits works as before',
  },
  {
    name: 'waiting for a turn holds up no rotation',
    given: [
      moving.spec({ rotation: { request: { id: 'leak-1' } } }),
      anObservation().withRemote(otherUrl).with({ rollout: notYet }),
    ],
    want: [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Request', requestID: 'leak-1' }],
    next: now,
    tells: 'Progressing RotationInProgress',
    because: 'a halted rollout can last',
  },
]

const reenabling: PlanCase[] = [
  {
    name: 'what Google disabled is probed before anything else',
    given: [rested, gaveUp],
    want: [{ type: 'ProbeEndpoint' }],
    next: now,
    tells: 'Progressing DisabledByGoogle Enabled=False',
    because: 'a signed request of our own to the public URL is the proof of health',
  },
  {
    name: 'an endpoint that is not well stays disabled and is tried again later',
    given: [rested, gaveUp.with({ probe: { state: 'unhealthy', cause: 'Tls', restingMs: 5000 } })],
    want: [],
    next: { type: 'after', delayMs: 5000, rests: true },
    tells: 'Progressing DisabledByGoogle Enabled=False',
    because: 'enabling a broken endpoint again only teaches Google to give up',
  },
  {
    name: 'an endpoint that is well is counted before it is enabled again',
    given: [rested, gaveUp.with({ probe: { state: 'healthy' } })],
    want: [{ type: 'CountReenable' }],
    next: now,
    tells: 'Progressing DisabledByGoogle Enabled=False',
    because: 'a crash between the call and its count would give one more than a day allows',
  },
  {
    name: 'what was counted is enabled again, then proven by a ping',
    given: [
      rested.status({ webhook: { ...rested.build().status?.webhook, reenableTimes: [today, today, today] } }),
      gaveUp.with({ probe: { state: 'healthy' }, reenableCounted: true }),
    ],
    want: [{ type: 'ReenableWebhook', id: remoteId }, { type: 'OpenCheck' }],
    next: now,
    tells: 'Progressing DisabledByGoogle Enabled=False',
    because: 'the third of the day is counted and has not been done yet',
  },
  {
    name: 'what was counted is still only done while the endpoint is well',
    given: [rested, gaveUp.with({ probe: { state: 'none' }, reenableCounted: true })],
    want: [{ type: 'ProbeEndpoint' }],
    next: now,
    tells: 'Progressing DisabledByGoogle Enabled=False',
    because: 'a success is soon old',
  },
  {
    name: 'a fourth time in a day is left to a human',
    given: [
      rested.status({ webhook: { ...rested.build().status?.webhook, reenableTimes: [today, today, today] } }),
      gaveUp.with({ probe: { state: 'healthy' } }),
    ],
    want: [],
    next: resync,
    tells: 'Stalled DisabledByGoogle Enabled=False',
    because: 'something fails that a probe does not see',
  },
  {
    name: 'enabling again on the day before does not count',
    given: [
      rested.status({ webhook: { ...rested.build().status?.webhook, reenableTimes: [yesterday, today, today] } }),
      gaveUp.with({ probe: { state: 'healthy' } }),
    ],
    want: [{ type: 'CountReenable' }],
    next: now,
    tells: 'Progressing DisabledByGoogle Enabled=False',
    because: 'the window is 24 hours',
  },
  {
    name: 'an open check of what Google disabled is dropped first',
    given: [unproven.status({ check: { attemptID, startTime: today, sent: 1 } }), gaveUp],
    want: [{ type: 'AbandonCheck' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'nothing is delivered to it',
  },
  {
    name: 'what Google disabled becomes disabled properly when the spec asks for it',
    given: [rested.spec({ state: 'Disabled' }).metadata({ generation: 2 }), gaveUp],
    want: [{ type: 'UpdateWebhook', id: remoteId, changes: { state: 'disabled' }, field: 'state', cause: 'Spec' }],
    next: now,
    tells: 'Progressing UpdatePending InSync=False',
    because: 'so that setting it back to Enabled is a change that is sent',
  },
]

const checks: PlanCase[] = [
  {
    name: 'a periodic check opens again when its period has passed',
    given: [
      rested.spec({ endpointCheck: 'Periodic' }).status({ delivery: { lastCheckTime: '2026-11-20T11:59:00Z' } }),
      anObservation(),
    ],
    want: [{ type: 'OpenCheck' }],
    next: now,
    tells: 'Progressing CheckPending',
    because: 'the last proof is more than a day old',
  },
  {
    name: 'a periodic check rests within its period',
    given: [
      rested.spec({ endpointCheck: 'Periodic' }).status({ delivery: { lastCheckTime: '2026-11-20T12:01:00Z' } }),
      anObservation(),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'once a day is enough',
  },
  {
    name: 'an unproven endpoint opens a check',
    given: [unproven, anObservation()],
    want: [{ type: 'OpenCheck' }],
    next: now,
    tells: 'Progressing CheckPending',
    because: 'Ready means proven',
  },
  {
    name: 'a check that was written is pinged',
    given: [unproven.status({ check: { attemptID, startTime: today, sent: 1 } }), anObservation()],
    want: [{ type: 'PingEndpoint', id: remoteId }],
    next: now,
    tells: 'Progressing CheckPending',
    because: 'receivers can see the attempt now',
  },
  {
    name: 'receivers get a head start before the first ping',
    given: [
      unproven.status({ check: { attemptID, startTime: today, sent: 1 } }),
      anObservation().withCheck({ openForMs: 500 }),
    ],
    want: [],
    next: { type: 'after', delayMs: config.receiverSeenWaitMs - 500 },
    tells: 'Progressing CheckPending',
    because: 'a ping that arrives before they know of the attempt proves nothing',
  },
  {
    name: 'a check whose echo was verified by the current secret passes',
    given: [
      unproven.status({ check: { attemptID, startTime: today, sent: 1 } }),
      anObservation().withCheck({ pinged: 1, echoes: [{ attemptID, keyID: live(currentSecret).keyId }] }),
    ],
    want: [{ type: 'PassCheck' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'id and key are both the ones asked for',
  },
  {
    name: 'an echo that the previous secret verified proves nothing',
    given: [
      unproven.status({ check: { attemptID, startTime: today, sent: 1 } }),
      anObservation().withCheck({ pinged: 1, echoes: [{ attemptID, keyID: live(otherSecret).keyId }] }),
    ],
    want: [],
    next: { type: 'after', delayMs: config.pingRepeatMs },
    tells: 'Progressing CheckPending',
    because: 'the new secret is what must be proven',
  },
  {
    name: 'a ping that does not come back is repeated',
    given: [
      unproven.status({ check: { attemptID, startTime: today, sent: 1 } }),
      anObservation().withCheck({ pinged: 1, sincePingMs: 30_000 }),
    ],
    want: [{ type: 'RepeatCheck' }],
    next: now,
    tells: 'Progressing CheckPending',
    because: 'three in all, 30 s apart',
  },
  {
    name: 'after the third ping the check has failed',
    given: [
      unproven.status({ check: { attemptID, startTime: today, sent: 3 } }),
      anObservation().withCheck({ pinged: 3, sincePingMs: 30_000 }),
    ],
    want: [{ type: 'FailCheck' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'told, and tried again at the next resync',
  },
  {
    name: 'a failed check rests',
    given: [unproven, anObservation().withCheck({ restingMs: 1000 })],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'tried again at the next resync, not before',
  },
  {
    name: 'a check for an address that changed meanwhile is begun anew',
    given: [
      unproven.status({ check: { attemptID: '00000000-0123456789abcdef', startTime: today, sent: 1 } }),
      anObservation(),
    ],
    want: [{ type: 'OpenCheck' }],
    next: now,
    tells: 'Progressing CheckPending',
    because: 'an attempt id tells what it would prove',
  },
  {
    name: 'an open check of a webhook that is disabled meanwhile is dropped',
    given: [
      unproven.spec({ state: 'Disabled' }).status({ check: { attemptID, startTime: today, sent: 1 } }),
      anObservation().withRemote({ state: 'disabled' }),
    ],
    want: [{ type: 'AbandonCheck' }],
    next: now,
    tells: 'AtRest Succeeded',
    because: 'nothing is delivered to it',
  },
]

for (const { name, given, want, next, tells, because } of [
  ...creation,
  ...identity,
  ...adoption,
  ...secrets,
  ...windows,
  ...drift,
  ...waking,
  ...rollout,
  ...reenabling,
  ...checks,
]) {
  test(`plan: ${name}`, () => {
    const plan = planWebhook(given[0].build(), given[1].build(), { config, nowMs })
    assert.deepEqual(plan.actions, want, `${because}; the plan was ${JSON.stringify(plan, null, 1)}`)
    assert.deepEqual(plan.next, next, because)
    assert.equal(told(plan.finding), tells, because)
  })
}

test('plan: a transient failure is retried, whatever the object was doing', () => {
  const failing = anObservation().with({ apiKey: { state: 'failed', failure: aFailure() } })
  assert.equal(planWebhook(rested.build(), failing.build(), { config, nowMs }).next.type, 'retry')
})

test('plan: planning changes neither the object nor the observation', () => {
  const webhook = Object.freeze(unproven.status({ check: { attemptID, startTime: today } }).build())
  const observed = Object.freeze(anObservation().build())
  const before = JSON.stringify([webhook, observed])
  planWebhook(webhook, observed, { config, nowMs })
  assert.equal(JSON.stringify([webhook, observed]), before)
  assert.equal(webhook.status?.webhook?.id, remoteId)
  assert.equal(webhook.status?.webhook?.uri, endpointUrl)
})

test('plan: several webhooks are set right, unless a new object may only create', () => {
  const several = anObservation().with({
    remote: { state: 'several', webhooks: [aRemote({ id: 'aaa', ...foreignHint }), aRemote()] },
  })
  const dropTwin: Action = { type: 'DeleteWebhooks', ids: ['aaa'], cause: 'Twin' }
  const planFor = (webhook: { build(): GeminiWebhook }) =>
    planWebhook(webhook.build(), several.build(), { config, nowMs }).actions
  assert.deepEqual(planFor(rested.spec({ adoptionPolicy: 'CreateOnly' })), [dropTwin])
  assert.deepEqual(planFor(aWebhook().finalized()), [{ type: 'AdoptWebhook', id: remoteId }, dropTwin])
})

const messageFor = (claimant: ObservedWebhook['claimant']) =>
  planWebhook(adopting.build(), anObservation().with({ claimant }).build(), { config, nowMs }).finding.message

test('plan: whoever yields to another object says which one and by what right', () => {
  const start = `^spec\\.externalID: webhook ${remoteId} belongs to GeminiWebhook ml/`
  assert.match(messageFor(older), new RegExp(`${start}older, which claims it too and is older`))
  assert.match(
    messageFor({ namespace: 'ml', name: 'first', right: 'Registered' }),
    new RegExp(`${start}first, which has registered it`),
  )
})

test('plan: whoever yields to an object of another namespace is not told which', () => {
  const message = messageFor({ namespace: 'search', name: 'theirs', right: 'Registered' })
  assert.match(
    message,
    new RegExp(`webhook ${remoteId} belongs to an object of another namespace, which has registered`),
  )
  assert.doesNotMatch(message, /search|theirs/)
})

test('plan: while another object goes first to a new address, everything but the address is set right', () => {
  const observed = anObservation()
    .withRemote({ ...otherUrl, subscribedEvents: ['batch.failed'] })
    .with({ rollout: notYet })
  const [update] = planWebhook(moving.build(), observed.build(), { config, nowMs }).actions
  assert.deepEqual(update, {
    type: 'UpdateWebhook',
    id: remoteId,
    changes: { subscribedEvents: ['batch.succeeded'] },
    field: 'subscribedEvents',
    cause: 'Drift',
  })
})
