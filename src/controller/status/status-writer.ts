import { geminiWebhookKind } from '../../api/kind.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { GeminiWebhookStatus } from '../../api/status.ts'
import type { WebhookContext } from '../observe/context.ts'
import type { Failure } from '../facts/failure-class.ts'
import { isSameJson } from '../facts/same-json.ts'

export interface StatusWrite {
  webhook: GeminiWebhook
  written: boolean
  /** The API server dropped a field that the protocol stands on. */
  dropped?: Failure
}

/**
 * The one writer of status: a PUT of all of it under optimistic lock, and only when it differs. An intent, a check and
 * a counted enabling count as written only if the answer echoes them: an older CRD drops unknown fields silently, and
 * an intent that is not stored is none.
 */
export async function writeStatus(
  webhook: GeminiWebhook,
  status: GeminiWebhookStatus,
  { client, instruments }: Pick<WebhookContext, 'client' | 'instruments'>,
): Promise<StatusWrite> {
  if (isSameJson(webhook.status, status)) return { webhook, written: false }
  const answer = await client.replaceStatus<GeminiWebhook>(geminiWebhookKind, { ...webhook, status })
  instruments.statusWrites.add()
  const stored = { webhook: answer, written: true }
  if (answer.status?.operation?.attemptID !== status.operation?.attemptID)
    return { ...stored, dropped: outdated('status.operation') }
  if (answer.status?.check?.attemptID !== status.check?.attemptID)
    return { ...stored, dropped: outdated('status.check') }
  if (answer.status?.webhook?.reenableTimes?.at(-1) !== status.webhook?.reenableTimes?.at(-1))
    return { ...stored, dropped: outdated('status.webhook.reenableTimes') }
  return stored
}

function outdated(field: string): Failure {
  return {
    class: 'terminal',
    reason: 'CRDOutdated',
    message: `the API server dropped ${field}: the CRD is older than this controller; apply the CRD of this version`,
    mayHaveCommitted: false,
  }
}
