import type { Operation } from '../../api/status.ts'
import type { EventAliases } from '../../gemini/event-aliases.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { DynamicEndpointEntry, KeyringEntry, LiveSecret } from '../../contract/keyring/entry.ts'
import type { EndpointReport } from '../../contract/receiver-report/report.ts'
import type { Action } from './action.ts'
import type { BackfillView } from './backfill-view.ts'
import type { Failure } from './failure-class.ts'
import type { DynamicSecret } from '../secrets/dynamic-secret.ts'
import type { Lookup } from './lookup.ts'
import type { Installation, RemoteOwner } from './ownership.ts'
import type { ProbeView } from './probe.ts'
import type { ReceiverPresence } from './receiver-presence.ts'
import type { SinkResolution } from './sink-resolution.ts'
import type { FoldedSinks } from './folded-sinks.ts'
import type { TargetSecret } from '../secrets/target-secret.ts'

export type InstallationView =
  | ({ state: 'confirmed' } & Installation)
  /** `claims`: the id that is written down here, and the tokens that it was used with; absent where none is. */
  | { state: 'unconfirmed'; message: string; claims?: { id: string; tokens: readonly string[] } }

/** The pause of the whole installation, and how it is told. */
export interface Pause {
  message: string
}

/** Where the service is to deliver to. `external`: a server of the user's, of which nothing can be seen from here. */
export type EndpointView =
  { state: 'ours'; url: string } | { state: 'external'; url: string } | { state: 'invalid'; message: string }

/**
 * Whether this object may move to the address that the base URL of the installation gives it now; `canary` goes first.
 */
export type RolloutTurn =
  | { state: 'go' }
  /** `failed`: its check at the new address failed. */
  | { state: 'wait'; canary: { namespace: string; name: string; failed: boolean } }

/** Another live object with the better right to the webhook which `spec.externalID` names. */
export interface Claimant {
  namespace: string
  name: string
  /** `Older`: it claims the same id and was there first. `Registered`: the webhook carries its marker. */
  right: 'Older' | 'Registered'
}

/** What is seen of an object's dynamic endpoint. */
export interface DynamicView {
  /** The Secret that is to publish it; undefined: none is wanted (any more). */
  name: string | undefined
  secret: Lookup<DynamicSecret>
  /** A Secret under a former name, or of an endpoint that is not wanted any more: taken over, then deleted. */
  former?: { name: string; secret: Lookup<DynamicSecret> }
  /** What the keyring is to say; undefined: nothing. */
  entry: DynamicEndpointEntry | undefined
}

/** Who else lives in the Google project of an object, as far as lists have shown. */
export interface ProjectNeighbours {
  /** Other namespaces that have webhooks there; which ones is nobody's business. */
  namespaces: number
  /** When the newest list with the key of this object was started, on the monotonic clock; -Infinity: none was made. */
  listedAtMs: number
}

export type NeighboursView =
  | 'off'
  | {
      namespaces: number
      /** The list was started long enough after this process first saw the object: fewer than before is believed. */
      settled: boolean
    }

interface ApiKeyView {
  /** Identifies the key without revealing it. */
  fingerprint: string
}

/** Missing in one of two ways: a message for people and the reason go along. */
export type ApiKeyLookup =
  | { state: 'found'; value: ApiKeyView }
  /** The spec names none, and nothing of the object is at Google. */
  | { state: 'notNeeded' }
  | { state: 'missing'; reason: 'SecretNotFound' | 'SecretKeyMissing'; message: string }
  | { state: 'failed'; failure: Failure }

export interface RemoteView {
  webhook: RemoteWebhook
  owner: RemoteOwner
  /** What it shows was read by id, long enough after our own last change to be believed where it surprises. */
  confirmed: boolean
  /** Until a read by id would confirm it; 0: now. */
  confirmInMs: number
  /**
   * Delivers to our very URL as well under somebody else's marker, or carries our marker with the token of another
   * installation.
   */
  rival?: RemoteWebhook
}

export type RemoteLookup =
  /** Nothing asked: suspended, paused, or something that comes first is missing. */
  | { state: 'notAsked' }
  | { state: 'found'; value: RemoteView }
  /** `confirmed`: no id was ever known, or two reads by id, far enough apart, found nothing. */
  | {
      state: 'missing'
      confirmed: boolean
      confirmInMs: number
      /**
       * Delivers to our very URL under somebody else's marker, or carries our marker with the token of another
       * installation.
       */
      rival?: RemoteWebhook
    }
  /** More than one carries our marker. */
  | { state: 'several'; webhooks: RemoteWebhook[] }
  | { state: 'failed'; failure: Failure }

/** How far the written intent has got, by this process's own clock. */
export type IntentView =
  | { state: 'none' }
  /** Written by this process, its call not made yet, its wait over. */
  | { state: 'ready' }
  /** `why`: how the call failed whose outcome is waited for. */
  | { state: 'waiting'; remainingMs: number; why?: string }
  /** Whatever it did has been done; `remote` was read afterwards. */
  | { state: 'settled' }

/** A call that failed again and again is announced again only after a pause. */
export interface SetbackView {
  operation: Operation['type']
  remainingMs: number
  /** How it failed last. */
  why: string
}

/**
 * A write that the API server refused for good. `remainingMs`: until it is tried again; 0: it is due, and only told
 * until then.
 */
export interface RefusedWrite {
  /** The action that it is part of. */
  type: Action['type']
  failure: Failure
  remainingMs: number
}

export interface CheckView {
  /** How long the open attempt has been visible to receivers, as far as this process knows. */
  openForMs: number
  /** Pings that this process has sent for the open attempt. */
  pinged: number
  /** Since the last of them. */
  sincePingMs: number
  /** A receiver verified a delivery while it saw the attempt; names the secret that verified. */
  echoes: { attemptID: string; keyID: string }[]
  /** The last attempt for the same proof failed less than a resync ago. */
  restingMs: number
}

export interface RevealedSecret {
  readonly attemptID: string
  /** Current first; what the same call left valid follows. */
  readonly secrets: readonly Readonly<LiveSecret>[]
  /** What the Secret held when the call was made; absent: nothing. */
  readonly replaced?: string
}

/** Everything that a plan may look at. Reads only; a failed read is data. */
export interface ObservedWebhook {
  /** Names that Google gives to events that are known under another one. Absent: there are none. */
  eventAliases?: EventAliases
  installation: InstallationView
  /** Absent: the installation is not paused. With it, Google is not asked and nothing is done there. */
  pause?: Pause
  endpoint: EndpointView
  apiKey: ApiKeyLookup
  secret: Lookup<TargetSecret>
  /** What the keyring says now. */
  keyring: KeyringEntry | undefined
  /** Whether the keyring has room for this object, if it were registered now. */
  keyringHasRoom: boolean
  /** What the keyring is to say of folding; absent: nothing. */
  foldJobsForSeconds?: number
  /** What this process did about events that Google did not deliver; absent: nothing yet. */
  backfill?: BackfillView
  sinks: SinkResolution
  /** Absent: no dynamic endpoint is wanted, and none is left. */
  dynamic?: DynamicView
  remote: RemoteLookup
  /** Who has the better right to what `spec.externalID` names. */
  claimant: Claimant | undefined
  intent: IntentView
  /** Absent: nothing is held back. */
  setback?: SetbackView
  /** The action that Google refused outright for this spec, and nothing was accepted since. */
  refused?: Action['type']
  /** What the API server refused for good; absent: nothing is held back for it. */
  refusedWrites?: readonly RefusedWrite[]
  /** A look was requested that has not restarted the count of repairs yet. */
  mayForgive?: true
  /** This very process deleted the webhook that status names, and Google said so. */
  deletedHere?: true
  /**
   * What this process deleted so recently that lists and reads may still show it, with how long ago that was,
   * milliseconds.
   */
  justDeleted?: ReadonlyMap<string, number>
  /** Revealed by a call of this process and perhaps not stored yet. */
  revealed?: RevealedSecret
  check: CheckView
  /**
   * The token of this installation may be added now to a name that was written without one; not to all names at once.
   */
  fenceDue: boolean
  /**
   * Another client keeps changing the labels or annotations that the spec puts on the Secret: they are not written for
   * a while.
   */
  metadataHeld?: boolean
  /** May this object move to the address that the base URL gives it now? */
  rollout: RolloutTurn
  /** What a request of our own to the public URL showed lately. */
  probe: ProbeView
  /** Status counts the enabling that is to come: it may be done. */
  reenableCounted: boolean
  /** The receivers' reports about this object, folded into one. */
  report: Omit<EndpointReport, 'check'> | undefined
  /** Whether receivers were there to take deliveries; absent: nothing is known of that. */
  receivers?: ReceiverPresence
  /** What the receivers say of the sinks; absent: nothing. */
  sinkReports?: FoldedSinks
  /** How many GeminiRoutes name it; absent: that is not known, and what was told of them stays. */
  routes?: { attached: number; refused: number }
  /** False while counts of deliveries were written so lately that newer ones have to wait. */
  countsDue?: boolean
  /** Asked only of objects that are being deleted. */
  namespaceTerminating: boolean
  /** `off`: the installation does not want it told. Absent: it cannot be known without the API key. */
  neighbours?: NeighboursView
  /** Webhooks of the project that no GeminiWebhook manages, by the newest list. Absent: there is no API key. */
  unmanaged?: number
  /** For how long the object has had no usable API key, milliseconds, as far as this process saw; 0: it has one. */
  keylessMs: number
}
