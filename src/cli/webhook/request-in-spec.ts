import { setTimeout } from 'node:timers/promises'

import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import type { Clock } from '../../clock.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { webhookAt } from './webhook-named.ts'

const pollMs = 500

/** What the flag for the id of a request takes: what its field in the spec does. */
export const requestIdForm = {
  placeholder: 'ID',
  pattern: /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,62}[A-Za-z0-9])?$/,
  what: 'an id of at most 64 letters, digits, "-", "_" and "."',
}

/** An id for a request that was given none; another one each millisecond. */
export function requestIdAt(nowMs: number): string {
  return `gwh-${new Date(nowMs).toISOString().replaceAll(/[-:]/g, '')}`
}

/**
 * Puts a request into the spec, as a commit would, and waits until it is done, at most `waitMs`. Returns the object as
 * it was seen last. Throws where the API server refuses, or the object is gone meanwhile.
 */
export async function putRequest(
  before: GeminiWebhook,
  spec: Readonly<Record<string, unknown>>,
  {
    client,
    clock,
    waitMs,
    isDone,
  }: { client: KubernetesClient; clock: Clock; waitMs: number; isDone: (webhook: GeminiWebhook) => boolean },
): Promise<GeminiWebhook> {
  await client.patch(geminiWebhookKind, before.metadata, { spec }, { type: 'merge' })
  const untilMs = clock.monotonic() + waitMs
  let webhook = before
  while (!isDone(webhook) && clock.monotonic() < untilMs) {
    await setTimeout(pollMs)
    webhook = await webhookAt(before.metadata, client)
  }
  return webhook
}
