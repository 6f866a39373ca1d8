import { signingSecretNameOf } from '../../api/defaults.ts'
import type { LiveSecret } from '../../keyring/entry.ts'
import { isConflict } from '../../kubernetes/client.ts'
import { operationOf, withEvent, type ActionState, type ActionStep } from '../action-state.ts'
import type { Action } from '../action.ts'
import type { PassContext } from '../context.ts'
import { formatTime } from '../format-time.ts'
import { secretKind, type Secret } from '../kinds.ts'
import { found, valueOf } from '../lookup.ts'
import { buildTargetSecret, readTargetSecret, type SigningSecrets, type TargetSecret } from '../target-secret.ts'
import { writeKeyring } from './write-keyring.ts'

/** Reserves the name with an empty Secret. A POST never overwrites: a stranger's Secret of that name answers 409. */
export const prepareSecret: ActionStep = async (state, ctx) => {
  const created = await ctx.client.create<Secret>(secretKind, buildTargetSecret(shapeOf(state)))
  return withTarget(state, ctx, created)
}

/** Writes what a create or rotate of this pass revealed: the Secret first, then the keyring, as it can be read again from the Secret. */
export const storeRevealedSecret: ActionStep = async (state, ctx) => {
  const { revealed } = ctx.recollection
  if (revealed === undefined) throw new Error('nothing was revealed to be stored: a defect of the plan')
  const stored = await putTarget(state, ctx, { secrets: revealed.secrets, attemptID: revealed.attemptID })
  const next = await writeKeyring(stored, ctx, revealed.secrets)
  delete ctx.recollection.revealed
  const observed = { ...next.observed }
  delete observed.revealed
  const { type, attemptID } = operationOf(state)
  const note = type === 'Create' ? undefined : `the signing secret was rotated (attempt ${attemptID})`
  const done = { ...next, observed }
  return note === undefined ? done : withEvent(done, { type: 'Normal', reason: 'Rotated', action: 'Rotate', note })
}

/** Brings the Secret to what the keyring and Google agree on; no secret changes by it. */
export async function storeSecret(
  state: ActionState,
  ctx: PassContext,
  { secrets, cause }: Extract<Action, { type: 'StoreSecret' }>,
): Promise<ActionState> {
  const attemptID = valueOf(state.observed.secret)?.attemptID
  const next = await putTarget(state, ctx, { secrets, ...(attemptID !== undefined && { attemptID }) })
  if (cause === 'Metadata' || cause === 'Expired') return next
  const name = signingSecretNameOf(state.webhook)
  if (cause === 'Imported') {
    const note = `Secret ${name} holds the signing secret of the adopted webhook and is kept from now on`
    return withEvent(next, { type: 'Normal', reason: 'SecretImported', action: 'Adopt', note })
  }
  const note =
    cause === 'Restored' ? `Secret ${name} was restored` : `Secret ${name} was changed by another hand and restored`
  const counted = cause === 'Overwritten' ? withRepair(next, ctx) : next
  return withEvent(counted, { type: 'Normal', reason: 'SecretRepaired', action: 'Repair', note })
}

/** Counts a repair: who keeps changing the Secret must not keep us busy for ever. */
export function withRepair(state: ActionState, { clock, config }: PassContext): ActionState {
  const { signingSecret = {} } = state.draft
  const repairTimes = [...(signingSecret.repairTimes ?? []), formatTime(clock.now())].slice(-config.maxRepairs)
  const repairs = (signingSecret.repairs ?? 0) + 1
  return { ...state, draft: { ...state.draft, signingSecret: { ...signingSecret, repairs, repairTimes } } }
}

interface Content {
  secrets: LiveSecret[]
  attemptID?: string
}

async function putTarget(state: ActionState, ctx: PassContext, content: Content): Promise<ActionState> {
  const target = valueOf(state.observed.secret)
  if (target === undefined) {
    return withTarget(
      state,
      ctx,
      await ctx.client.create<Secret>(secretKind, buildTargetSecret(shapeOf(state, content))),
    )
  }
  try {
    return withTarget(state, ctx, await replaceTarget(state, ctx, target, content))
  } catch (error) {
    if (!isConflict(error)) throw error
    const live = await readLive(state, ctx)
    // Somebody wrote it since: a label is harmless, another secret means that a newer leader was here, and we lose.
    if (live === undefined || !holdsSame(live, target)) throw error
    return withTarget(state, ctx, await replaceTarget(state, ctx, live, content))
  }
}

function replaceTarget(
  state: ActionState,
  { client }: PassContext,
  target: TargetSecret,
  content: Content,
): Promise<Secret> {
  return client.replace<Secret>(secretKind, buildTargetSecret({ ...shapeOf(state, content), ...keptOf(state, target) }))
}

/** A PUT replaces all of it, so what others added to the metadata travels along. */
function keptOf({ webhook }: ActionState, { labels, annotations, resourceVersion }: TargetSecret) {
  const { signingSecret } = webhook.spec
  return {
    resourceVersion,
    labels: { ...labels, ...signingSecret?.labels },
    annotations: { ...annotations, ...signingSecret?.annotations },
  }
}

async function readLive({ webhook }: ActionState, { client }: PassContext): Promise<TargetSecret | undefined> {
  const { namespace } = webhook.metadata
  const live = await client.get<Secret>(secretKind, { namespace, name: signingSecretNameOf(webhook) })
  return live === undefined ? undefined : readTargetSecret(live, webhook.metadata)
}

function holdsSame(live: TargetSecret, before: TargetSecret): boolean {
  return (
    live.ownership === before.ownership &&
    live.secrets.current === before.secrets.current &&
    live.secrets.previous === before.secrets.previous
  )
}

function shapeOf({ webhook }: ActionState, content?: Content) {
  const { metadata, spec } = webhook
  const secrets = content && signingSecretsOf(content.secrets)
  return {
    namespace: metadata.namespace,
    name: signingSecretNameOf(webhook),
    owner: { uid: metadata.uid, name: metadata.name },
    labels: spec.signingSecret?.labels ?? {},
    annotations: spec.signingSecret?.annotations ?? {},
    ...(secrets !== undefined && { secrets }),
    ...(content?.attemptID !== undefined && { attemptID: content.attemptID }),
  }
}

function signingSecretsOf([current, previous]: LiveSecret[]): SigningSecrets {
  if (current === undefined)
    throw new Error('a Secret without a current signing secret was planned: a defect of the plan')
  return { current: current.secret, ...(previous !== undefined && { previous: previous.secret }) }
}

function withTarget(state: ActionState, { secrets }: PassContext, secret: Secret): ActionState {
  secrets.learn(secret)
  const target = readTargetSecret(secret, state.webhook.metadata)
  return { ...state, observed: { ...state.observed, secret: found(target) } }
}
