import { type LiveSecret, maxLiveSecrets } from '../../../contract/keyring/entry.ts'
import { keyIdOf } from '../../../contract/keyring/shard.ts'
import { KubernetesApiError } from '../../../kubernetes/client.ts'
import type { ActionState } from '../action-state.ts'
import type { PassContext } from '../pass-context.ts'
import { endOfSecret } from '../../secrets/end-of-secret.ts'
import { valueOf } from '../../facts/lookup.ts'
import { keptSecrets } from '../../secrets/kept-secrets.ts'
import { putTarget } from './put-target.ts'
import { keyringEntryOf } from './write-keyring.ts'

/** As long as what Google reveals, and no valid secret. */
const placeholder = `whsec_${Buffer.alloc(64).toString('base64')}`
const standIn: LiveSecret = { keyId: keyIdOf(placeholder), secret: placeholder }

/**
 * Google reveals a secret once. Before the call, the objects that are to hold the secret are written as a dry run
 * (`dryRun=All`), with a placeholder in its place: a refusal by an immutable Secret, a policy, a quota or a missing
 * right is found while nothing is lost.
 */
export async function rehearseStore(state: ActionState, ctx: PassContext, attemptID: string): Promise<void> {
  await rehearseTarget(state, ctx, attemptID)
  await rehearseKeyring(state, ctx, attemptID)
}

/** The target Secret alone: one small write, cheap enough to be repeated right before the call. */
export async function rehearseTarget(state: ActionState, ctx: PassContext, attemptID: string): Promise<void> {
  const current = valueOf(state.observed.secret)?.secrets.current
  const previous = current === undefined ? [] : [{ keyId: keyIdOf(current), secret: current }]
  await rehearsed(putTarget(state, ctx, { secrets: [standIn, ...previous], attemptID }, { dryRun: true }))
}

async function rehearseKeyring(state: ActionState, ctx: PassContext, attemptID: string): Promise<void> {
  const nowMs = ctx.clock.now()
  const notAfter = endOfSecret(nowMs + ctx.config.secretOverlapMs)
  const ended = keptSecrets(state.observed.keyring, nowMs).map(({ keyId, secret, notAfter: end = notAfter }) => ({
    keyId,
    secret,
    notAfter: end,
  }))
  const secrets = [standIn, ...ended].slice(0, maxLiveSecrets)
  await ctx.withoutWorker(() => rehearsed(ctx.keyring.rehearse(keyringEntryOf(state, secrets, attemptID))))
}

/** The keyring with what it holds already: whether the keyring could hold the other changes. */
export async function rehearseTelling(state: ActionState, ctx: PassContext): Promise<void> {
  const { keyring } = state.observed
  const secrets = keptSecrets(keyring, ctx.clock.now())
  await ctx.withoutWorker(() => rehearsed(ctx.keyring.rehearse(keyringEntryOf(state, secrets, keyring?.attemptID))))
}

/**
 * An admission webhook with side effects makes the API server refuse any dry run, which says nothing about the write
 * itself. Then it is unknown whether the write would be stored, so Google is not called either; but the message must
 * say that the rehearsal was refused, and what to change.
 */
async function rehearsed(rehearsal: Promise<unknown>): Promise<void> {
  try {
    await rehearsal
  } catch (error) {
    throw error instanceof KubernetesApiError && error.message.includes('does not support dry run')
      ? withRemedy(error)
      : error
  }
}

function withRemedy({ status, reason, retryAfterMs, message }: KubernetesApiError): KubernetesApiError {
  const remedy =
    'whether the Secret could be stored is asked with a dry run before anything is asked of Google: give that webhook sideEffects None or NoneOnDryRun, or exclude the Secret from it'
  return new KubernetesApiError({ status, reason, retryAfterMs, message: `${message}; ${remedy}` })
}
