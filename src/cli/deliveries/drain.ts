import { setTimeout } from 'node:timers/promises'

import type { DrainConfig } from '../../config/user-settings.ts'
import { recordsIn, textIn } from '../json-fields.ts'
import type { OpenReceivers, ReceiverPod } from './receivers.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'

const pauseMs = 1_000

/**
 * `gwh drain POD`: the receiver takes no more traffic, and what its inbox holds goes to another one, event by event: taken over there before it is released
 * here. Interrupted at any moment, it can be run again.
 */
export async function drainReceiver(
  config: DrainConfig,
  podName: string,
  { context: { out, err }, open }: { context: Pick<CommandContext, 'out' | 'err'>; open: OpenReceivers },
): Promise<number> {
  const receivers = await open({ ...config, pods: [] })
  try {
    const source = receivers.pods.find(({ name }) => name === podName)
    const target = receivers.pods.find(({ name }) => name === (config.to ?? name) && name !== podName)
    if (source === undefined || target === undefined) {
      err(
        `gwh drain: ${source === undefined ? podName : (config.to ?? 'another receiver')}: does not run; the events stay where they are\n`,
      )
      return exitCodes.failed
    }
    await source.admin.ask({ method: 'POST', path: '/v1/handover/begin' })
    err(`gwh drain: ${podName} takes no more traffic; moving to ${target.name}\n`)
    const { moved, refused } = await moveAll(source, target, config.settleMs)
    if (config.output === 'json') out(`${JSON.stringify({ from: podName, to: target.name, moved, refused })}\n`)
    else out(`${moved} events moved from ${podName} to ${target.name}.\n`)
    if (refused === undefined) return exitCodes.ok
    err(`gwh drain: ${target.name} answers ${refused}: the rest stays in ${podName}; make room, then run this again\n`)
    return exitCodes.failed
  } finally {
    await receivers.close()
  }
}

/** Until there has been nothing for `settleMs`: load balancers need a while to notice, and what they still send is stored and moved too. */
async function moveAll(source: ReceiverPod, target: ReceiverPod, settleMs: number) {
  let moved = 0
  for (let quietMs = 0; quietMs <= settleMs;) {
    const page = recordsIn(await source.admin.ask({ method: 'GET', path: '/v1/handover?limit=100' }), 'events')
    if (page.length === 0) {
      await setTimeout(Math.min(pauseMs, settleMs))
      quietMs += pauseMs
      continue
    }
    quietMs = 0
    const answer = await target.admin.ask({ method: 'POST', path: '/v1/handover', body: { events: page } })
    const results = recordsIn(answer, 'results')
    const taken = results.filter(({ result }) => result === 'stored' || result === 'duplicate')
    const refs = taken.map(({ ref }) => ref)
    if (refs.length > 0) await source.admin.ask({ method: 'POST', path: '/v1/handover/done', body: { refs } })
    moved += refs.length
    const refused = results.find((result) => !taken.includes(result))
    if (refused !== undefined || refs.length === 0) return { moved, refused: textIn(refused, 'result') ?? 'nothing' }
  }
  return { moved, refused: undefined }
}
