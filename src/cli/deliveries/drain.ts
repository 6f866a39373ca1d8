import { setTimeout } from 'node:timers/promises'

import { duration, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { WrittenEvent } from '../../contract/admin-api/handover.ts'
import type { AnswerOf } from '../../contract/admin-api/route.ts'
import type { AdminRoutes } from '../../contract/admin-api/routes.ts'
import { maxHandedPage } from '../../contract/admin-api/page-limits.ts'
import { locate } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { namespaceOfObjects, output, visitAll } from '../shared-settings.ts'
import { UnjudgedError } from '../unjudged-error.ts'
import { UsageError } from '../usage-error.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import type { ReceiverPod } from './receivers.ts'

const pauseMs = 1_000

/** Not parsed: the other receiver judges it, and its version may support more than this program. */
type HandedPage = AnswerOf<AdminRoutes['listHandover']>

const settings = {
  to: optionalText({
    group: 'Receivers',
    help: 'The receiver that takes over the events. If it is not set, another running receiver is used.',
    placeholder: 'POD',
    completes: 'receiver',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a pod name',
  }),
  settleMs: duration({
    group: 'Receivers',
    help: 'Ends when nothing has arrived for this long, because load balancers need a while to notice.',
    min: '0s',
    max: '10m',
    default: '20s',
  }),
  namespace: {
    ...namespaceOfObjects,
    help: 'The namespace in which the operator runs, like --operator-namespace: receiver pods run nowhere else.',
  },
  ...visitAll,
  output,
} as const
type DrainConfig = ConfigOf<typeof settings>

/**
 * `gwh drain POD`: the receiver takes no more traffic, and what its inbox holds goes to another one, event by event:
 * taken over there before it is released here. Interrupted at any moment, it can be run again.
 */
export const drain = userCommand({
  name: 'drain',
  summary: 'Move the events of one receiver to another before scaling down.',
  about:
    'Prepares receivers with inboxes of their own for scaling down: takes one out of traffic and moves what its inbox holds, pending deliveries and ' +
    'dead letters, to another one. It serves again only when it is restarted. The command can be run again after an interruption.',
  example: 'gwh drain gwh-receiver-1',
  settings,
  names: { placeholder: 'POD', min: 1, max: 1, completes: 'receiver' },
  run: drainReceiver,
})

export async function drainReceiver(
  config: DrainConfig,
  [podName = '']: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const { out, err } = deps
  if (config.to === podName) throw new UsageError(`--to: ${podName} is the receiver to drain: name another one`)
  const asked = { ...config, namespace: undefined, operatorNamespace: config.operatorNamespace ?? config.namespace }
  const { operatorNamespace } = await locate(asked, { command: 'drain', otherwise: 'all' }, deps)
  const receivers = await deps.receivers({ ...config, operatorNamespace, pods: [] })
  try {
    const source = receivers.pods.find(({ name }) => name === podName)
    const target = receivers.pods.find(({ name }) => name === (config.to ?? name) && name !== podName)
    if (source === undefined || target === undefined) {
      err(
        `gwh drain: ${source === undefined ? podName : (config.to ?? 'another receiver')}: does not run; the events stay where they are\n`,
      )
      return exitCodes.failed
    }
    await source.admin.ask('beginHandover')
    err(`gwh drain: ${podName} takes no more traffic; moving to ${target.name}\n`)
    const { moved, refused } = await moveAll(source, target, config.settleMs)
    const text = () => `${moved} ${moved === 1 ? 'event' : 'events'} moved from ${podName} to ${target.name}.\n`
    out(printedAs(config.output, { value: { from: podName, to: target.name, moved, refused }, text }))
    if (refused === undefined) return exitCodes.ok
    err(`gwh drain: ${target.name} answers ${refused}: the rest stays in ${podName}; make room, then run this again\n`)
    return exitCodes.failed
  } finally {
    await receivers.close()
  }
}

/**
 * Until there has been nothing for `settleMs`: load balancers need a while to notice, and what they still send is
 * stored and moved too.
 */
async function moveAll(source: ReceiverPod, target: ReceiverPod, settleMs: number) {
  let moved = 0
  for (let quietMs = 0; quietMs <= settleMs;) {
    const { events: page } = await source.admin.ask('listHandover', { limit: maxHandedPage })
    if (page.length === 0) {
      await setTimeout(Math.min(pauseMs, settleMs))
      quietMs += pauseMs
      continue
    }
    quietMs = 0
    const results = await handOver(page, target)
    const taken = results.filter(({ result }) => result === 'stored' || result === 'duplicate')
    const refs = taken.map(({ ref }) => ref)
    if (refs.length > 0) await releaseAt(source, refs)
    moved += refs.length
    const refused = results.find((result) => !taken.includes(result))
    if (refused !== undefined || refs.length === 0) return { moved, refused: refused?.result ?? 'nothing' }
  }
  return { moved, refused: undefined }
}

/** What the target says about each of the events. */
async function handOver(events: HandedPage['events'], { name, admin }: ReceiverPod) {
  const { results } = await admin.ask('takeOver', { events: events as WrittenEvent[] })
  const told = new Set(results.map(({ ref }) => ref))
  if (events.every(({ ref }) => told.has(ref))) return results
  throw new UnjudgedError(
    `${name}: POST /v1/handover: says nothing about some of the ${events.length} events that it was given: they stay where they are`,
  )
}

async function releaseAt({ name, admin }: ReceiverPod, refs: string[]): Promise<void> {
  const { released } = await admin.ask('release', { refs })
  if (released === refs.length) return
  throw new UnjudgedError(`${name}: POST /v1/handover/done: released ${released} of ${refs.length}: run this again`)
}
