import type { InboxCommandConfig } from '../../config/user-settings.ts'
import { isRecord } from '../json-fields.ts'
import { inboxPods, type OpenReceivers } from './receivers.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { cellOf, table } from '../table.ts'

/** `gwh inbox`: what each inbox holds. */
export async function showInboxes(
  config: InboxCommandConfig,
  { out }: Pick<CommandContext, 'out'>,
  open: OpenReceivers,
): Promise<number> {
  const receivers = await open(config)
  try {
    const rows: Record<string, unknown>[] = []
    for (const { name, admin } of await inboxPods(receivers.pods)) {
      const stats = await admin.ask({ method: 'GET', path: '/v1/stats' })
      rows.push({ pod: name, ...(isRecord(stats) && stats) })
    }
    if (config.output === 'json') out(`${JSON.stringify({ inboxes: rows }, undefined, 2)}\n`)
    else out(table(['POD', 'INBOX', 'EVENTS', 'PENDING', 'DEAD LETTERS', 'OLDEST PENDING'], rows.map(rowOf)))
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

function rowOf(stats: Record<string, unknown>): string[] {
  const { pod, inbox, events, pending, deadLetters, oldestPendingMs } = stats
  const seconds = typeof oldestPendingMs === 'number' ? Math.round(oldestPendingMs / 1000) : 0
  return [pod, inbox, events, pending, deadLetters, `${seconds}s`].map(cellOf)
}
