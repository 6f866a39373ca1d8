import type { GeminiWebhook } from '../../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../api/kind.ts'
import type { PlaygroundState, PlaygroundWebhook } from '../../../contract/playground/answers.ts'
import { formatTime } from '../../../format-time.ts'
import { sampleOf } from './samples.ts'
import type { Surroundings } from './surroundings.ts'

/** What the playground shows of itself. */
export async function readState({
  client,
  simulator,
  worker,
  received,
  clock,
  machine,
}: Surroundings): Promise<PlaygroundState> {
  const { items } = await client.list<GeminiWebhook>(geminiWebhookKind)
  const states = new Map(simulator.admin.webhooks().map(({ id, state }) => [id, state]))
  const nowMs = clock.now()
  const { refusesWith, accepted } = worker.state()
  return {
    webhooks: items.map((webhook) => rowOf(webhook, states)),
    worker: { url: worker.url, ...(refusesWith !== undefined && { refusesWith }), accepted },
    received: received.newestFirst(),
    clock: { now: formatTime(nowMs), aheadSeconds: Math.round((nowMs - machine.now()) / 1000) },
  }
}

function rowOf({ metadata, spec, status }: GeminiWebhook, states: ReadonlyMap<string, string>): PlaygroundWebhook {
  const { namespace, name } = metadata
  const sample = sampleOf({ namespace, name })
  const atGoogle = states.get(status?.webhook?.id ?? '')
  return {
    namespace,
    name,
    ...(sample !== undefined && { sample }),
    dynamic: spec.dynamic !== undefined,
    ...(atGoogle !== undefined && { atGoogle }),
  }
}
