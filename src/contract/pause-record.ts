/**
 * The pause of a whole installation: ConfigMap `gwh-pause` in the operator's namespace. People make and delete it, with
 * `gwh pause` and `gwh resume` or from Git; while it is there, whatever it says, the controller makes no call to
 * Google.
 */
export const pauseConfigMapName = 'gwh-pause'

/** The key of its data under which people say why. */
export const pauseReasonKey = 'reason'

/** More than this of a reason is told nowhere: it stands in the condition of every object. */
export const maxPauseReasonLength = 200

export interface PauseRecord {
  /** When the ConfigMap was made, RFC 3339; absent: the API server did not say. */
  readonly since?: string
  /** One line; absent: nobody said why. */
  readonly reason?: string
}

/** What of the ConfigMap is read. */
interface PauseConfigMap {
  readonly metadata: { readonly creationTimestamp?: string | undefined }
  readonly data?: Readonly<Record<string, string>> | undefined
}

/**
 * Without characters that are not seen: they could make a terminal show other words. Never fails: a ConfigMap that says
 * nothing, or something else, pauses too.
 */
export function readPause({ metadata: { creationTimestamp: since }, data }: PauseConfigMap): PauseRecord {
  const line = (data?.[pauseReasonKey] ?? '').replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim()
  const reason = Array.from(line).slice(0, maxPauseReasonLength).join('')
  return { ...(since !== undefined && { since }), ...(reason !== '' && { reason }) }
}

/**
 * How a pause is told, everywhere the same; the same record gives the same text, so that conditions stay as they are.
 */
export function describePause({ since, reason }: PauseRecord, namespace: string): string {
  const begun = since === undefined ? '' : ` since ${since}`
  const why = reason === undefined ? '' : ` (${reason})`
  return `the whole installation is paused${begun}${why}: no calls to Google are made until "gwh resume", which deletes ConfigMap ${namespace}/${pauseConfigMapName}`
}
