import { outboundSettings } from '../../config/outbound-settings.ts'
import { boolean, duration, integer, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { DeliveryEntry } from '../../contract/admin-api/deliveries.ts'
import { exitCodes } from '../run-command.ts'
import { allNamespaces, namespaceOfObjects, output, selection, visit } from '../shared-settings.ts'
import { UnjudgedError } from '../unjudged-error.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { lineOf, lineOfForwarded, printedLine } from './delivery-line.ts'
import type { ReceiverPod } from './receivers.ts'
import { selectionOf, type Selection } from './selection-query.ts'

const settings = {
  ...selection,
  recent: integer({
    group: 'Output',
    help: 'First shows this many past deliveries.',
    min: 0,
    max: 1_000,
    default: '20',
  }),
  follow: boolean({ group: 'Output', help: 'Then shows deliveries as they happen.', default: 'true' }),
  forwardTo: optionalText({
    group: 'Forwarding',
    help: 'Also sends each event that is stored from now on to this URL, such as http://localhost:3000/events, with a new signature. The inbox and the sinks are not affected.',
    placeholder: 'URL',
    pattern: /^https?:\/\/[^\s]{1,2000}$/,
    what: 'a URL that starts with http:// (or https://)',
  }),
  forwardSecretFile: optionalText({
    group: 'Forwarding',
    help: 'A file with the secret (whsec_...) with which forwarded events are signed. If it is not set, a new one is made and printed once.',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
    completes: 'file',
  }),
  forwardTimeoutMs: duration({
    group: 'Forwarding',
    help: 'Waits this long for the answer to a forwarded event. The event is not sent again.',
    min: '100ms',
    max: '5m',
    default: '10s',
  }),
  ...outboundSettings,
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output,
} as const
type ListenConfig = ConfigOf<typeof settings>

/**
 * `gwh listen`: the last deliveries of every receiver, then each as it happens, until it is interrupted or no receiver
 * is left.
 */
export const listen = userCommand({
  name: 'listen',
  summary: 'Show deliveries as they happen.',
  about:
    'Shows deliveries as they happen: each request and how it was answered, each step towards a sink. Bodies and signatures are not shown. With --forward-to it also ' +
    'sends each event to a program on your machine, with the bytes and the id that Google sent, a new timestamp and a new signature.',
  example: 'gwh listen --webhook=ml/batch-events',
  settings,
  check: problemsOf,
  run: listenToDeliveries,
})

function problemsOf({ forwardTo, forwardSecretFile, follow, sink }: ListenConfig): string[] {
  if (forwardTo === undefined)
    return forwardSecretFile === undefined ? [] : ['forward-secret-file: has no use without forward-to: give both']
  return [
    ...problemsOfUrl(forwardTo),
    ...(follow ? [] : ['forward-to, no-follow: only what happens from now on is forwarded: give one of the two']),
    ...(sink === undefined ? [] : ['forward-to, sink: an event is forwarded before any sink has it: leave one out']),
  ]
}

/** What would fail with the first event, or be printed with each. */
function problemsOfUrl(text: string): string[] {
  const url = URL.parse(text)
  if (url === null) return ['forward-to: is not a URL: check its host and port']
  const hasUser = url.username !== '' || url.password !== ''
  return hasUser ? ['forward-to: a user or password in the URL is not sent: leave it out'] : []
}

async function listenToDeliveries(
  config: ListenConfig,
  _names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const { out, err } = deps
  const { operatorNamespace, namespace, fields: selected } = await selectionOf(config, 'listen', deps)
  const fields = { ...(namespace !== undefined && { namespace }), ...selected }
  const receivers = await deps.receivers({ ...config, operatorNamespace })
  let isUnjudged = false
  const show = (pod: string, entry: DeliveryEntry) => {
    out(printedLine(config.output, { pod, ...entry }, () => lineOf(pod, entry)))
  }
  const forwarding = await openForwarding(config, fields, deps)
  try {
    if (config.recent > 0) await showRecent(receivers.pods, { fields, recent: config.recent }, show)
    if (!config.follow) return exitCodes.ok
    const follow = async ({ name }: ReceiverPod, stream: Promise<void>) => {
      try {
        await stream
        err(`gwh listen: ${name}: the stream ended\n`)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        if (!(error instanceof UnjudgedError)) return err(`gwh listen: ${name}: ${why}\n`)
        isUnjudged = true
        err(`gwh listen: ${why}\n`)
      }
    }
    await Promise.all(
      receivers.pods.flatMap((pod) => [
        follow(
          pod,
          pod.admin.follow(fields, (entry) => show(pod.name, entry)),
        ),
        ...(forwarding === undefined ? [] : [follow(pod, forwarding.from(pod))]),
      ]),
    )
    return isUnjudged ? exitCodes.unjudged : exitCodes.failed
  } finally {
    await receivers.close()
    await forwarding?.close()
  }
}

/** Says first where events go, and the secret where it was made now: nobody could verify them without. */
async function openForwarding(config: ListenConfig, fields: Selection, deps: UserCommandDeps) {
  const { forwardTo: url, forwardSecretFile: file, forwardTimeoutMs: timeoutMs } = config
  if (url === undefined) return undefined
  const { forward, openForwardSecret } = await import('./forward.ts')
  const { key, text } = await openForwardSecret(file)
  const { openOutbound } = await import('../../outbound/open-outbound.ts')
  const outbound = openOutbound(config, { connections: 4 })
  const signed = text === undefined ? `the secret in ${file}` : `${text} (new; --forward-secret-file keeps one)`
  deps.err(`gwh listen: events go to ${url}, signed with ${signed}\n`)
  return {
    from: ({ name: pod, admin }: ReceiverPod) =>
      admin.followEvents(fields, async (event) => {
        const done = await forward(event, { url, key, timeoutMs, clock: deps.clock, outbound })
        const at = new Date(deps.clock.now()).toISOString()
        const value = { pod, kind: 'forward', at, url, ...done }
        deps.out(printedLine(config.output, value, () => lineOfForwarded({ at, pod, url }, done)))
      }),
    close: () => outbound.close(),
  }
}

async function showRecent(
  pods: readonly ReceiverPod[],
  { fields, recent }: { fields: Selection; recent: number },
  show: (pod: string, entry: DeliveryEntry) => void,
): Promise<void> {
  const query = { ...fields, limit: recent }
  const seen: { pod: string; at: string; entry: DeliveryEntry }[] = []
  for (const { name: pod, admin } of pods) {
    const { deliveries } = await admin.ask('listRecent', query)
    // They come newest first; of one moment the order of the receiver is kept.
    for (const entry of deliveries.toReversed()) seen.push({ pod, at: entry.at, entry })
  }
  const oldestFirst = seen.toSorted((a, b) => a.at.localeCompare(b.at)).slice(-recent)
  for (const { pod, entry } of oldestFirst) show(pod, entry)
}
