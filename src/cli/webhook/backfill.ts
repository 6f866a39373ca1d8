import { backfillPolicyOf, type BackfillStatus } from '../../api/backfill.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { duration, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { formatTime } from '../../format-time.ts'
import { moment, momentMs } from '../moment.ts'
import { objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { connection, listOutput, namespaceOfObject } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { putRequest, requestIdAt, requestIdForm } from './request-in-spec.ts'
import { oneWebhook, resourceName, slashed, suspensionOf, webhookAt } from './webhook-named.ts'

const settings = {
  since: optionalText({
    group: 'Backfill',
    help: 'Sends the events of batches that ended at this time or later, or within this duration. If it is not set, all within spec.backfill.lookback are meant.',
    ...moment,
  }),
  requestId: optionalText({
    group: 'Backfill',
    help: 'The value of spec.backfill.request.id. If it is not set, an id is made from the time.',
    ...requestIdForm,
  }),
  waitMs: duration({
    group: 'Backfill',
    help: 'Waits this long for the batches to be looked through and for what was missing to be sent. With 0s it does not wait.',
    min: '0s',
    max: '1h',
    default: '5m',
  }),
  namespace: namespaceOfObject,
  ...connection,
  output: listOutput,
} as const
type BackfillConfig = ConfigOf<typeof settings>

/** `gwh backfill NAME`: 1 when it was not done in time. */
export const backfill = userCommand({
  name: 'backfill',
  summary: 'Send the events of finished batches that Google did not deliver.',
  about:
    'Sets a new spec.backfill.request, as a commit would. The controller then looks through the batches that ended since a time, and sends the receivers each event that did not arrive. ' +
    'Batches that ended within spec.backfill.grace are left to Google. Events that arrived are not handed on again. Interactions and videos cannot be listed at Google, so theirs cannot be sent.',
  example: 'gwh backfill ml/batch-events --since=26h',
  settings,
  names: oneWebhook,
  run: askForBackfill,
})

export async function askForBackfill(
  config: BackfillConfig,
  [object = '']: readonly string[],
  { out, err, cluster, clock }: UserCommandDeps,
): Promise<number> {
  const key = await objectKey(object, config)
  const name = slashed(key)
  const client = await cluster(config)
  try {
    const before = await webhookAt(key, client)
    // The controller goes by the cluster's time, however wrong the clock of this machine is.
    const nowMs = clock.now() + (client.serverClockSkewMs ?? 0)
    const sinceMs = config.since === undefined ? undefined : momentMs(config.since, nowMs)
    const id = config.requestId ?? requestIdAt(nowMs)
    const refusal = refusalOf(before, { id, sinceMs, nowMs })
    if (refusal !== undefined) throw new Error(refusal)
    // The whole request: one of before may have a time that is not meant now.
    const since = sinceMs === undefined ? null : formatTime(sinceMs)
    const { waitMs } = config
    const isDone = (webhook: GeminiWebhook) => isHandled(webhook, id)
    const webhook = await putRequest(
      before,
      { backfill: { request: { id, since } } },
      { client, clock, waitMs, isDone },
    )
    const done = isDone(webhook)
    const until = formatTime(lookedUntilMs(before, nowMs))
    const found = foundBetween(before.status?.backfill, webhook.status?.backfill)
    const result = { requestId: id, done, ...(since !== null && { since }), ...(done && { until, found }) }
    const text = () => `${cellOf(name)}: ${done ? foundInWords(found, until) : `backfill ${id} is asked for`}\n`
    out(printedAs(config.output, { value: result, text, names: [resourceName(key.name)] }))
    if (done || waitMs === 0) return exitCodes.ok
    err(`gwh backfill: ${name}: not done in ${waitMs / 1000} s: ${cellOf(progressOf(webhook))}\n`)
    return exitCodes.failed
  } finally {
    await client.close()
  }
}

interface Asked {
  readonly id: string
  /** undefined: as far as the lookback reaches. */
  readonly sinceMs: number | undefined
  readonly nowMs: number
}

/** Why a request would do nothing, with what to do; undefined where it is asked. Pure. */
export function refusalOf(webhook: GeminiWebhook, { id, sinceMs, nowMs }: Asked): string | undefined {
  const { metadata, spec } = webhook
  const name = `${metadata.namespace}/${metadata.name}`
  if (spec.endpoint?.url !== undefined)
    return `${name}: spec.endpoint.url is a server of your own, and which events it has cannot be seen from here: list the batches with the API key, and ask that server`
  if (spec.backfill === undefined)
    return `${name}: spec.backfill is absent, so receivers do not remember which batches they know: set it to {} first; backfill then finds what ends from then on, and a request finds what ended before`
  if (spec.suspend === true)
    return `${name}: spec.suspend is true, so nothing is asked of Google: set it to false first`
  const suspension = suspensionOf(webhook)
  if (suspension !== undefined) return `${name}: no batches are listed: ${suspension}`
  if (isHandled(webhook, id)) return `--request-id: ${id} was answered before and never sends again: give a new one`
  if (sinceMs === undefined) return undefined
  if (sinceMs > nowMs) return `--since: ${formatTime(sinceMs)} is in the future: give a time that has passed`
  const untilMs = lookedUntilMs(webhook, nowMs)
  if (sinceMs > untilMs)
    return `--since: ${formatTime(sinceMs)} is within spec.backfill.grace of ${name}, in which events are left to Google (since ${formatTime(untilMs)}): give an earlier time`
  const oldestMs = nowMs - backfillPolicyOf(spec.backfill).lookbackMs
  return sinceMs >= oldestMs
    ? undefined
    : `--since: ${formatTime(sinceMs)} is older than spec.backfill.lookback of ${name} allows (${formatTime(oldestMs)}): give a later time, or raise spec.backfill.lookback, which may be 336h`
}

function isHandled({ status }: GeminiWebhook, id: string): boolean {
  return status?.backfill?.handledRequestIDs?.includes(id) === true
}

function foundBetween(before: BackfillStatus | undefined, after: BackfillStatus | undefined): number {
  return Math.max((after?.total ?? 0) - (before?.total ?? 0), 0)
}

/**
 * What ended later was not looked for. A run that answers begins after the request, so it reaches at least this far.
 */
function lookedUntilMs({ spec }: GeminiWebhook, nowMs: number): number {
  return nowMs - backfillPolicyOf(spec.backfill ?? {}).graceMs
}

function foundInWords(found: number, until: string): string {
  const what = `${found} ${found === 1 ? 'event that Google had not delivered was' : 'events that Google had not delivered were'} sent to the receivers`
  const said = found === 0 ? 'nothing was missing' : what
  return `${said}. Batches were looked through that ended until ${until}; later ones are left to Google for spec.backfill.grace`
}

function progressOf({ status }: GeminiWebhook): string {
  const { failing } = status?.backfill ?? {}
  if (failing !== undefined) return `runs fail since ${failing.since}: ${failing.message}`
  const told = status?.conditions?.find(({ type }) => type === 'Stalled' || type === 'PartIgnored')
  if (told !== undefined) return `${told.reason}: ${told.message}`
  return 'the controller has not looked through the batches yet; is one running? "gwh status" tells'
}
