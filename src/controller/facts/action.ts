import type { RevocationBehavior, WebhookChanges } from '../../gemini/webhook-service.ts'
import type { LiveSecret } from '../../contract/keyring/entry.ts'
import type { OrphanReason } from '../../contract/orphans/orphan-record.ts'
import type { DynamicSecretStep } from '../secrets/write-dynamic-secret.ts'

type RotationCause = 'Adoption' | 'Interval' | 'Request' | 'Repair'

/**
 * One step of a plan. Each is a small file under actions/; they run in order and stop at the first failure. An action
 * that writes down an intent ends its plan: its call belongs to the next pass, after the write was seen to hold.
 */
export type Action =
  | { type: 'AddFinalizer' }
  /** Reserves the name of the target Secret, empty, before anything is registered. */
  | { type: 'PrepareSecret' }
  | { type: 'RecordIntent'; operation: 'Create' }
  | { type: 'RecordIntent'; operation: 'Rotate'; cause: RotationCause; requestID?: string }
  /** Fresh list by marker, then one POST. */
  | { type: 'RegisterWebhook' }
  /** Takes what carries our marker, or what `externalID` names, as this object's webhook. */
  | { type: 'AdoptWebhook'; id: string }
  | { type: 'RotateSigningSecret'; id: string; revocation: RevocationBehavior }
  /** Writes what the call before it revealed, to the Secret and then to the keyring. */
  | { type: 'StoreRevealedSecret' }
  | {
      type: 'StoreSecret'
      secrets: LiveSecret[]
      cause: 'Restored' | 'Overwritten' | 'Imported' | 'Metadata' | 'Expired'
    }
  /** A person vouches for the Secret: its repairs are counted from zero again. */
  | { type: 'ForgiveRepairs' }
  | { type: 'WriteKeyring'; secrets: LiveSecret[] }
  | { type: 'CloseIntent' }
  | { type: 'ConfirmRemote'; id: string }
  | { type: 'UpdateWebhook'; id: string; changes: WebhookChanges; field: string; cause: 'Spec' | 'Drift' }
  /**
   * Status names the API key that sees the webhook now, before it is deleted with it: afterwards nothing would prove
   * that it was this key's.
   */
  | { type: 'RecordKey' }
  | { type: 'DeleteWebhooks'; ids: string[]; cause: 'Twin' | 'Deletion' | 'NotRequired' }
  /** The id in status is gone for good: drop what was known about it. */
  | { type: 'ForgetWebhook' }
  | { type: 'DeleteOldSecret'; name: string }
  /** Writes the Secret of the dynamic endpoint. */
  | (DynamicSecretStep & { type: 'StoreDynamicSecret'; endpointUrl: string })
  | { type: 'DeleteDynamicSecret'; name: string }
  | { type: 'OpenCheck' }
  | { type: 'RepeatCheck' }
  | { type: 'PingEndpoint'; id: string }
  | { type: 'PassCheck' }
  | { type: 'FailCheck' }
  | { type: 'AbandonCheck' }
  /** Sends a signed request of our own to the public URL. */
  | { type: 'ProbeEndpoint' }
  /** Counts an enabling in status before it is done: a crash in between spends one, it never gives one away. */
  | { type: 'CountReenable' }
  /** After Google disabled the webhook and a probe of the endpoint succeeded. */
  | { type: 'ReenableWebhook'; id: string }
  | { type: 'RemoveKeyringEntry' }
  | { type: 'DeleteTargetSecret' }
  /** Records a webhook that may be left at Google. */
  | { type: 'RecordOrphan'; id: string | undefined; reason: OrphanReason }
  /** Deletes with the old project's key if it is still known, otherwise records an orphan. */
  | { type: 'LeaveProject'; id: string }
  | { type: 'RemoveFinalizer' }
