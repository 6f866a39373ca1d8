import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { duration, oneOf, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { connection, listOutput, namespaceOfObject } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { putRequest, requestIdAt, requestIdForm } from './request-in-spec.ts'
import { oneWebhook, resourceName, slashed, suspensionOf, webhookAt } from './webhook-named.ts'

const settings = {
  requestId: optionalText({
    group: 'Rotation',
    help: 'The value of spec.rotation.request.id. If it is not set, an id is made from the time.',
    ...requestIdForm,
  }),
  revokePrevious: oneOf({
    group: 'Rotation',
    help: 'Says whether the previous secret stays valid for another day, or is revoked at once because it has leaked. Deliveries in flight are then refused.',
    words: ['AfterGracePeriod', 'Immediately'],
    default: 'AfterGracePeriod',
  }),
  window: oneOf({
    group: 'Rotation',
    help: 'With Next, the rotation waits for the next of spec.rotation.windows, or uses the one that is open; the command then does not wait for it.',
    words: ['Now', 'Next'],
    default: 'Now',
  }),
  waitMs: duration({
    group: 'Rotation',
    help: 'Waits this long for the rotation. With 0s it does not wait.',
    min: '0s',
    max: '1h',
    default: '2m',
  }),
  namespace: namespaceOfObject,
  ...connection,
  output: listOutput,
} as const
type RotateConfig = ConfigOf<typeof settings>

/** `gwh rotate NAME`: 1 when it was not done in time. */
export const rotate = userCommand({
  name: 'rotate',
  summary: 'Rotate a signing secret now.',
  about:
    'Rotates the signing secret of a GeminiWebhook by a new spec.rotation.request, as a commit would. A GitOps tool may revert the request: an id that was ' +
    'answered never rotates again.',
  example: 'gwh rotate ml/batch-events',
  settings,
  names: oneWebhook,
  run: rotateSecret,
})

export async function rotateSecret(
  config: RotateConfig,
  [object = '']: readonly string[],
  { out, err, cluster, clock }: UserCommandDeps,
): Promise<number> {
  const key = await objectKey(object, config)
  const name = slashed(key)
  const client = await cluster(config)
  try {
    const before = await webhookAt(key, client)
    const id = config.requestId ?? requestIdAt(clock.now())
    if (isHandled(before, id))
      throw new Error(`--request-id: ${id} was answered before and never rotates again: give a new one`)
    if (before.spec.suspend === true)
      throw new Error(`${name}: spec.suspend is true, so nothing is rotated: set it to false first`)
    const suspension = suspensionOf(before)
    if (suspension !== undefined) throw new Error(`${name}: nothing is rotated: ${suspension}`)
    const waits = config.window === 'Next'
    if (waits && (before.spec.rotation?.windows ?? []).length === 0)
      throw new Error(`${name}: --window=Next needs windows in spec.rotation.windows: set them, or rotate now`)
    // Null takes a window out that an earlier request has left.
    const request = { id, revokePrevious: config.revokePrevious, window: waits ? config.window : null }
    const waitMs = waits ? 0 : config.waitMs
    const isAnswered = (webhook: GeminiWebhook) => isDone(webhook, id)
    const webhook = await putRequest(before, { rotation: { request } }, { client, clock, waitMs, isDone: isAnswered })
    const done = isAnswered(webhook)
    const { hint, previousExpireTime } = webhook.status?.signingSecret ?? {}
    const result = { requestId: id, done, ...(done && { hint, previousExpireTime }) }
    const asked = waits ? `rotation ${id} waits for the next window` : `rotation ${id} is asked for`
    const text = () => `${cellOf(name)}: ${done ? rotated(webhook) : asked}\n`
    out(printedAs(config.output, { value: result, text, names: [resourceName(key.name)] }))
    if (done || waitMs === 0) return exitCodes.ok
    err(`gwh rotate: ${name}: not done in ${waitMs / 1000} s: ${cellOf(progressOf(webhook))}\n`)
    return exitCodes.failed
  } finally {
    await client.close()
  }
}

function isHandled({ status }: GeminiWebhook, id: string): boolean {
  return status?.rotation?.handledRequestIDs?.includes(id) === true
}

/** Answered, and nothing of it is left to do: the Secret is written by then. */
function isDone(webhook: GeminiWebhook, id: string): boolean {
  return isHandled(webhook, id) && webhook.status?.operation === undefined
}

function rotated({ metadata, status }: GeminiWebhook): string {
  const { name, hint, previousExpireTime } = status?.signingSecret ?? {}
  const before =
    previousExpireTime === undefined
      ? 'the one before is not accepted any more'
      : `the one before is accepted until ${previousExpireTime}`
  return `rotated; Secret ${metadata.namespace}/${cellOf(name)} holds ${cellOf(hint)}, ${before}`
}

function progressOf({ status }: GeminiWebhook): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Stalled' || type === 'Reconciling')
  return condition === undefined
    ? 'the controller has not looked at it yet; is one running?'
    : `${condition.reason}: ${condition.message}`
}
