import type { ConnectionConfig } from '../connection.ts'
import type { AdminClient } from './admin-client.ts'

export interface ReceiverPod {
  readonly name: string
  readonly admin: AdminClient
}

/** The receiver pods that run, each with its admin API. */
export interface Receivers {
  readonly pods: readonly ReceiverPod[]
  /** The only namespace whose GeminiWebhooks the user may list; undefined: all. */
  onlyNamespace(): Promise<string | undefined>
  close(): Promise<void>
}

export interface VisitConfig extends ConnectionConfig {
  readonly operatorNamespace: string
  readonly pods: readonly string[]
  readonly adminPort: number
}

export type OpenReceivers = (config: VisitConfig) => Promise<Receivers>

/**
 * The pods to ask about what is in inboxes: all of them where each has its own; one where they share it, because every
 * other would answer the same.
 */
export async function inboxPods(pods: readonly ReceiverPod[]): Promise<readonly ReceiverPod[]> {
  const [first] = pods
  if (first === undefined) return []
  const { inbox } = await first.admin.ask('readStats')
  return inbox === 'shared' ? [first] : pods
}
