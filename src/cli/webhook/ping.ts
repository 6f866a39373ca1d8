import { duration } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { googleSettings } from '../../config/shared-settings.ts'
import { locateBy, objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { listOutput, namespaceOfObject, visit } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { askForPing, type Seen } from './ask-for-ping.ts'
import { oneWebhook, resourceName, slashed, webhookAt } from './webhook-named.ts'

const settings = {
  waitMs: duration({
    group: 'Receivers',
    help: 'Waits this long for the delivery.',
    min: '0s',
    max: '10m',
    default: '30s',
  }),
  ...googleSettings,
  namespace: namespaceOfObject,
  ...visit,
  output: listOutput,
} as const
type PingConfig = ConfigOf<typeof settings>

/** `gwh ping NAME`: 1 when nothing that is verified came in time. */
export const ping = userCommand({
  name: 'ping',
  summary: 'Ask Google for a test delivery, and wait until it arrives.',
  about:
    'Asks Google for a test delivery to a GeminiWebhook and waits until a receiver has verified it. It takes the API key from the Secret that the object names, which ' +
    'you must be allowed to read, and finds the delivery in the feeds of the receivers.',
  example: 'gwh ping ml/batch-events',
  settings,
  names: oneWebhook,
  run: pingWebhook,
})

export async function pingWebhook(
  config: PingConfig,
  [object = '']: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const operator = await deps.operator(config)
  try {
    const places = await locateBy(operator.client, config, { command: 'ping', otherwise: 'context', object }, deps)
    const key = await objectKey(object, { ...config, ...places })
    const answer = await askForPing(await webhookAt(key, operator.client), { ...config, ...places }, { operator, deps })
    if (answer !== 'unseen') return printOutcome(slashed(key), answer.seen, config, deps)
    const text = () =>
      `${cellOf(slashed(key))}: asked for; what arrives at a server of your own cannot be seen from here\n`
    deps.out(printedAs(config.output, { value: { asked: true }, text, names: [resourceName(key.name)] }))
    return exitCodes.ok
  } finally {
    await operator.close()
  }
}

function printOutcome(
  name: string,
  seen: Seen | undefined,
  { output, waitMs }: PingConfig,
  { out, err }: UserCommandDeps,
): number {
  const [, object = ''] = name.split('/')
  const text = () => (seen === undefined ? '' : `${cellOf(name)}: ${inWords(seen)}\n`)
  const names = seen === undefined ? [] : [resourceName(object)]
  out(printedAs(output, { value: { arrived: seen !== undefined, ...seen }, text, names }))
  if (seen !== undefined) return exitCodes.ok
  err(
    `gwh ping: ${name}: Google took the order, and nothing that is verified came in ${waitMs / 1000} s; "gwh status ${name}" follows the way\n`,
  )
  return exitCodes.failed
}

function inWords({ eventId, pod, status, outcome }: Seen): string {
  return `${cellOf(eventId)} came to ${pod}, was verified and answered ${status} (${outcome})`
}
