/** Finds the objects that a Secret concerns: `namespace/name` of every Secret that spec or status names. */
export const bySecret = 'secret'

/** Finds the objects with a sink that is a Service: `namespace/name`. */
export const byService = 'service'

export const byUid = 'uid'

/** Finds the objects that an API key has served. */
export const byFingerprint = 'fingerprint'

/** Finds the objects that claim the same existing webhook. */
export const byExternalId = 'externalId'

/** Finds the objects whose status names this webhook. */
export const byWebhookId = 'webhookId'
