import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import type { Clock } from '../../clock.ts'
import { isConflict, isNotFound, KubernetesApiError, type KubernetesClient } from '../../kubernetes/client.ts'
import { slashed } from '../webhook/webhook-named.ts'
import { stalledReason, type HeldObject } from './judge-uninstall.ts'

const pollMs = 500

interface DeletionDeps {
  readonly client: KubernetesClient
  readonly clock: Clock
  /** Waits so many milliseconds, and keeps the process alive meanwhile, which the clock's own timers do not. */
  readonly pause: (delayMs: number) => Promise<void>
  /** How long the controller has for all of them. */
  readonly waitMs: number
}

/** What became of them: names as NAMESPACE/NAME. */
interface Deletion {
  readonly deleted: readonly string[]
  /** Those that are still there, each with why. */
  readonly remaining: readonly { readonly object: string; readonly why: string }[]
}

/**
 * Deletes each GeminiWebhook, and waits until the controller has let it go: then nothing of it is left at Google. One
 * that was made anew meanwhile is another object and is not touched. Can be run again.
 */
export async function deleteWebhooks(objects: readonly HeldObject[], deps: DeletionDeps): Promise<Deletion> {
  const untilMs = deps.clock.monotonic() + deps.waitMs
  const refused = new Map<HeldObject, string>()
  for (const held of objects) {
    const why = held.isLeaving ? undefined : await askFor(held, deps.client)
    if (why !== undefined) refused.set(held, why)
  }
  const deleted: string[] = []
  const remaining = [...refused].map(([held, why]) => ({ object: slashed(held), why }))
  // One after the other: the controller works on all of them meanwhile, and few calls are made for many objects.
  for (const held of objects.filter((each) => !refused.has(each))) {
    const why = await untilGone(held, untilMs, deps)
    if (why === undefined) deleted.push(slashed(held))
    else remaining.push({ object: slashed(held), why })
  }
  return { deleted, remaining }
}

/** Why it is still there when the time is up; undefined: it is gone. Looked at once, also after that. */
async function untilGone(
  held: HeldObject,
  untilMs: number,
  { client, clock, pause }: DeletionDeps,
): Promise<string | undefined> {
  for (;;) {
    const why = await whyStill(held, client)
    if (why === undefined || clock.monotonic() >= untilMs) return why
    await pause(pollMs)
  }
}

const notYet = 'the controller has not finished its deletion'
const unclaimed =
  'no installation has claimed it, so it may be of another one: run this again once the controller has, or delete it yourself'

/** Why it was not asked for; undefined: it was, or it is gone. */
async function askFor(held: HeldObject, client: KubernetesClient): Promise<string | undefined> {
  if (!held.isClaimed) return unclaimed
  const { uid, namespace, name } = held
  const key = { namespace, name }
  try {
    await client.delete(geminiWebhookKind, key, { preconditions: { uid } })
    return undefined
  } catch (error) {
    // Gone, or another object of that name: the wait sees which.
    if (isNotFound(error) || isConflict(error)) return undefined
    if (error instanceof KubernetesApiError) return error.message
    throw error
  }
}

/** undefined: it is gone. A call that fails tells nothing yet: minutes may pass, in which an API server restarts. */
async function whyStill({ uid, ...key }: HeldObject, client: KubernetesClient): Promise<string | undefined> {
  try {
    const webhook = await client.get<GeminiWebhook>(geminiWebhookKind, key)
    if (webhook === undefined || webhook.metadata.uid !== uid) return undefined
    return stalledReason(webhook) ?? notYet
  } catch (error) {
    if (error instanceof KubernetesApiError) return error.message
    throw error
  }
}
