import { apiGroup } from './kind.ts'

/**
 * Every name that this project puts on objects, in one place: finalizer, annotations, labels, Secret types and keys.
 */

/** Holds an object until its webhook is removed at Google (or kept on purpose). */
export const finalizer = `${apiGroup}/registration`

/**
 * Set by people: any new value makes the controller look now. Its first 256 characters count. Once that is done it is
 * acknowledged in `status.lastHandledReconcileAt`.
 */
export const reconcileRequestedAtAnnotation = `${apiGroup}/reconcile-requested-at`
/** Set by people to "true": releases a stuck deletion and leaves what may exist at Google. */
export const abandonAnnotation = `${apiGroup}/abandon`
/**
 * Set by people, the installation that is to serve the object, as its id or as `ID/TOKEN`: no other one touches it.
 * Where several installations see the same objects it says which of them serves an object, and a new value moves the
 * object to another one.
 */
export const installationAnnotation = `${apiGroup}/installation`
/**
 * Set by the controller on the Secrets that it writes: the uid of the GeminiWebhook they belong to. A Secret without it
 * is never written.
 */
export const ownerUidAnnotation = `${apiGroup}/owner-uid`
/** The same owner by name, for people and for finding the object when the Secret changes. */
export const ownerNameAnnotation = `${apiGroup}/owner-name`
/**
 * Set by the controller along with a secret: the attempt of the create or rotation that revealed it. Shows after a
 * crash whether the call was made.
 */
export const attemptAnnotation = `${apiGroup}/attempt-id`

/**
 * Set by the controller on the Secret, as JSON: the keys of the labels and annotations that the spec added to it, so
 * that a key that the spec drops is removed.
 */
export const appliedMetadataAnnotation = `${apiGroup}/applied-metadata`
/** Likewise, with commas between them: the keys that the template of the spec added to the data of the Secret. */
export const appliedKeysAnnotation = `${apiGroup}/applied-keys`

/**
 * Set by people to "true" on a Secret that already holds the signing secret of the webhook in `spec.externalID`: taken
 * over as it is, not rotated.
 */
export const importLabel = `${apiGroup}/import`
/**
 * Set by the controller on the Secret of a dynamic endpoint: hashes of the tokens that were replaced, each with when it
 * ends. No token.
 */
export const previousTokensAnnotation = `${apiGroup}/previous-token-hashes`
/** Likewise: ids of `spec.dynamic.tokenRequest` that were answered. Here, so that token and answer are one write. */
export const handledTokenRequestsAnnotation = `${apiGroup}/handled-token-requests`

/** The Lease in the operator's namespace that the active controller holds. */
export const leaderLeaseName = 'gwh-controller'

export const managedByLabel = 'app.kubernetes.io/managed-by'
export const managedByValue = 'gemini-webhook-operator'

/**
 * The only Secret type that a sink's `auth` may point to: otherwise creating a GeminiWebhook would be a way to read any
 * Secret.
 */
export const sinkCredentialsSecretType = `${apiGroup}/sink-credentials`

/**
 * Keys of the Secret that holds the signing secrets. `signing-secrets` has all live ones, newest first, separated by a
 * space.
 */
export const signingSecretKeys = {
  current: 'signing-secret',
  previous: 'previous-signing-secret',
  all: 'signing-secrets',
} as const

/** Keys of such a Secret for a sink's TLS; all others but the signing secret are headers. */
export const sinkTlsKeys = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const

/** What Google lets a webhook subscribe to today. Open-ended on purpose: others are passed on, with a warning. */
export const knownEventTypes = [
  'batch.succeeded',
  'batch.failed',
  'batch.expired',
  'interaction.completed',
  'interaction.requires_action',
  'interaction.failed',
  'video.generated',
] as const
