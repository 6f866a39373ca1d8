import { accessOf, withEvent, type ActionState, type ActionStep } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'
import type { PassContext } from '../pass-context.ts'
import { attemptPrefixOf, isCheckWanted, wantedProof } from '../../facts/endpoint-proof.ts'
import { formatTime } from '../../../format-time.ts'
import { randomHex } from '../../facts/random-id.ts'
import { probeEndpoint } from './reenable-webhook.ts'

const attemptDigits = 16

/**
 * Writes down the attempt; the ping follows once receivers can see it. Nothing happens where no check is wanted or the
 * same is already proven.
 */
export const openCheck: ActionStep = async (state, ctx) => {
  const proof = wantedProof(state.observed, state.observed.keyring)
  const isProven = proof !== undefined && state.draft.webhook?.checkedSpec === proof && state.draft.check === undefined
  if (proof === undefined || !isCheckWanted(state.webhook, state.observed)) return state
  // Google still delivers to another address: what came back by it would prove nothing about this one.
  if (!isApplied(state.observed)) return state
  if (isProven && state.webhook.spec.endpointCheck !== 'Periodic') return state
  const attemptID = attemptPrefixOf(proof) + randomHex(attemptDigits, ctx.random)
  ctx.memory.openedCheck()
  const check = { attemptID, startTime: formatTime(ctx.clock.now()), sent: 1 }
  return { ...state, draft: { ...state.draft, check } }
}

function isApplied({ endpoint, remote }: ActionState['observed']): boolean {
  return remote.state === 'found' && endpoint.state === 'ours' && remote.value.webhook.uri === endpoint.url
}

export const repeatCheck: ActionStep = async (state) => {
  const { check } = state.draft
  if (check === undefined) return state
  return { ...state, draft: { ...state.draft, check: { ...check, sent: (check.sent ?? 0) + 1 } } }
}

/** Google answers at once and delivers later: only a receiver's report says that it arrived. */
export async function pingEndpoint(state: ActionState, ctx: PassContext, { id }: { id: string }): Promise<ActionState> {
  const { check } = state.draft
  if (check === undefined) return state
  await accessOf(ctx).service.ping(id)
  ctx.memory.pinged(check.attemptID, check.sent ?? 0)
  return state
}

export const passCheck: ActionStep = async (state, ctx) => {
  const proof = wantedProof(state.observed, state.observed.keyring)
  if (proof === undefined) return state
  const { webhook, delivery } = state.draft
  const draft = {
    ...withoutKey(state.draft, 'check'),
    webhook: { ...webhook, checkedSpec: proof },
    delivery: { ...delivery, lastCheckTime: formatTime(ctx.clock.now()) },
  }
  const note = 'a signed ping of Google came back through the endpoint'
  return withEvent({ ...state, draft }, { type: 'Normal', reason: 'EndpointVerified', action: 'Check', note })
}

/**
 * Rests until the next resync. A request of our own shows where the path is broken, as far as that can be seen from
 * here.
 */
export const failCheck: ActionStep = async (unexplained, ctx) => {
  const state = await probeEndpoint(unexplained, ctx)
  const proof = wantedProof(state.observed, state.observed.keyring)
  if (proof !== undefined) ctx.memory.failedCheck(attemptPrefixOf(proof))
  const { webhook, ...rest } = withoutKey(state.draft, 'check')
  const unproven = webhook && withoutKey(webhook, 'checkedSpec')
  const draft = { ...rest, ...(unproven !== undefined && { webhook: unproven }) }
  const observed = { ...state.observed, check: { ...state.observed.check, restingMs: ctx.config.resyncIntervalMs } }
  const note = `${ctx.config.pingAttempts} pings were sent and none came back through the endpoint`
  return withEvent({ ...state, draft, observed }, { type: 'Warning', reason: 'NeverArrived', action: 'Check', note })
}

export const abandonCheck: ActionStep = async (state) => ({ ...state, draft: withoutKey(state.draft, 'check') })
