import { accessOf, withEvent, withRemote, type ActionState, type ActionStep } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'
import type { PassContext } from '../pass-context.ts'
import { disabledByGoogle } from '../../facts/differences.ts'
import { wantedProof } from '../../facts/endpoint-proof.ts'
import { FailedCall } from '../../facts/failure-class.ts'
import { formatTime } from '../../../format-time.ts'
import { viewProbe } from '../../observe/view-probe.ts'
import { readOwned } from './read-owned.ts'

/** Tries the public URL with a signed request of our own; the next pass judges what came of it. */
export const probeEndpoint: ActionStep = async (state, ctx) => {
  const { endpoint, keyring } = state.observed
  const secret = keyring?.secrets[0]?.secret
  const proof = wantedProof(state.observed, keyring)
  if (endpoint.state !== 'ours' || secret === undefined || proof === undefined) return state
  const { namespace } = state.webhook.metadata
  const outcome = await ctx.withoutWorker(() => ctx.probe({ url: endpoint.url, secret }, namespace))
  ctx.memory.probed(proof, outcome)
  const probe = viewProbe(ctx.memory.view, state.observed, ctx.clock.monotonic(), ctx.config)
  return { ...state, observed: { ...state.observed, probe } }
}

/**
 * Written down with the status of this pass; the enabling itself belongs to the next. What was proven before is
 * forgotten: however the call ends, a ping must show that deliveries arrive again.
 */
export const countReenable: ActionStep = async (state, { clock, config, memory }) => {
  const countedAs = formatTime(clock.now())
  memory.countedReenable(countedAs)
  const reenableTimes = [...(state.draft.webhook?.reenableTimes ?? []), countedAs].slice(-config.maxReenables)
  const webhook = { ...withoutKey(state.draft.webhook ?? {}, 'checkedSpec'), reenableTimes }
  return { ...state, draft: { ...state.draft, webhook } }
}

/** Enables what Google disabled, under the count that status holds already. */
export async function reenableWebhook(
  state: ActionState,
  ctx: PassContext,
  { id }: { id: string },
): Promise<ActionState> {
  const { service, fingerprint } = accessOf(ctx)
  const live = await readOwned(id, state, ctx)
  if (live === undefined) return { ...state, halted: true }
  if (live.state !== disabledByGoogle) {
    // It was enabled at Google by others, or by an earlier call whose answer was lost.
    ctx.memory.spentReenable()
    return { ...withRemote(state, live, ctx), halted: true }
  }
  ctx.memory.sent()
  const updated = await service.update(id, { state: 'enabled' })
  ctx.observer.learn(fingerprint, id, updated)
  ctx.memory.forgotProbe()
  ctx.memory.spentReenable()
  if (updated.state !== 'enabled') {
    throw new FailedCall({
      class: 'terminal',
      reason: 'RemoteRejected',
      message: `Google accepted that webhook ${id} is enabled again and left it ${updated.state}: delete and create the object again`,
      mayHaveCommitted: true,
    })
  }
  const note = `webhook ${id} was enabled again: a signed request of the controller to its endpoint succeeded${disabledFor(state, ctx)}`
  const webhook = { ...state.draft.webhook, appliedState: 'enabled' } as const
  const enabled = { ...state, draft: { ...state.draft, webhook } }
  return withEvent(withRemote(enabled, updated, ctx), { type: 'Normal', reason: 'Reenabled', action: 'Enable', note })
}

/** For how long Google had it disabled, as far as this was seen. */
function disabledFor({ draft }: ActionState, { clock }: PassContext): string {
  const since = draft.webhook?.disabledSince
  if (since === undefined) return ''
  const minutes = Math.max(Math.round((clock.now() - Date.parse(since)) / 60_000), 0)
  return `; Google had it disabled for ${inWords(minutes)}, since ${since}`
}

function inWords(minutes: number): string {
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
