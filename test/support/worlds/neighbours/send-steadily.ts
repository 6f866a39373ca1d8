import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

import type { Tenant } from './a-tenant.ts'
import { post, type Answer } from './post.ts'

export interface Sending {
  readonly port: number
  readonly signal: AbortSignal
  readonly perSecond: number
  readonly body: () => string
  readonly id?: () => string
  readonly onAnswer?: (answer: Answer) => void
}

/** Sends for a tenant until the signal, whether answers come or not. */
export async function sendSteadily(tenant: Tenant, sending: Sending): Promise<void> {
  const { port, signal, perSecond, body, id, onAnswer = () => {} } = sending
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  while (!signal.aborted) {
    void post({ port, path: tenant.path, agent }, tenant.sign(body(), id?.())).then(onAnswer)
    await pause(1_000 / perSecond)
  }
  agent.destroy()
}

/** Sends so many as fast as they are answered, some at the same time. Resolves with how often each status came. */
export async function sendAll(
  tenant: Tenant,
  deliveries: { port: number; count: number; body: (at: number) => string; id?: (at: number) => string },
): Promise<Map<number, number>> {
  const { port, count, body, id } = deliveries
  const agent = new Agent({ keepAlive: true })
  const statuses = new Map<number, number>()
  let next = 0
  const send = async () => {
    for (let at = next++; at < count; at = next++) {
      const { status } = await post({ port, path: tenant.path, agent }, tenant.sign(body(at), id?.(at)))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 16 }, send))
  agent.destroy()
  return statuses
}
