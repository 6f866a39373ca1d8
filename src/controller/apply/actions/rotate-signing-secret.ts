import type { RemoteWebhook } from '../../../gemini/webhook-service.ts'
import { maxLiveSecrets, type LiveSecret } from '../../../contract/keyring/entry.ts'
import { keyIdOf } from '../../../contract/keyring/shard.ts'
import { accessOf, operationOf, withRemote, type ActionState } from '../action-state.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { endOfSecret, overlapEnd } from '../../secrets/end-of-secret.ts'
import { formatTime } from '../../../format-time.ts'
import { currentHint, fitsHint, hintOf } from '../../secrets/hint.ts'
import { valueOf } from '../../facts/lookup.ts'
import { keptSecrets } from '../../secrets/kept-secrets.ts'
import { makeCall } from './make-call.ts'
import { readOwned } from './read-owned.ts'
import { replacedBy } from './put-target.ts'
import { rehearseTarget } from './rehearse.ts'

/** One POST. The old secret stays live for its overlap, unless it is revoked at once. */
export async function rotateSigningSecret(
  state: ActionState,
  ctx: PassContext,
  { id, revocation }: Extract<Action, { type: 'RotateSigningSecret' }>,
): Promise<ActionState> {
  const { service, fingerprint } = accessOf(ctx)
  const remote = await readOwned(id, state, ctx)
  if (remote === undefined) return { ...state, halted: true }
  await rehearseTarget(state, ctx, operationOf(state).attemptID)
  const signingSecret = await makeCall(ctx, () => service.rotateSigningSecret(id, revocation))
  const keepsOld = revocation === 'revoke_previous_secrets_after_h24'
  const expireMs = ctx.clock.now() + ctx.config.secretOverlapMs
  const others = keepsOld ? oldSecrets(state, remote, endOfSecret(expireMs), ctx.clock.now()) : []
  const current = { keyId: keyIdOf(signingSecret), secret: signingSecret }
  ctx.memory.revealed({
    attemptID: operationOf(state).attemptID,
    secrets: [current, ...others.filter(({ secret }) => secret !== signingSecret)].slice(0, maxLiveSecrets),
    ...replacedBy(state),
  })
  const rotated = {
    ...remote,
    signingSecrets: [
      { truncatedSecret: hintOf(signingSecret) },
      ...(keepsOld ? overlapping(remote, formatTime(expireMs)) : []),
    ],
  }
  ctx.observer.learn(fingerprint, id, rotated)
  return withRemote(state, rotated, ctx)
}

/** Every secret held here that Google still signs with, the one that was current until now first. */
function oldSecrets({ observed }: ActionState, remote: RemoteWebhook, notAfter: string, nowMs: number): LiveSecret[] {
  const target = valueOf(observed.secret)?.secrets
  const kept = keptSecrets(observed.keyring, nowMs)
  const held = new Set([...kept.map(({ secret }) => secret), target?.current, target?.previous])
  const hint = currentHint(remote)
  return [...held]
    .filter((secret) => secret !== undefined)
    .flatMap((secret): (LiveSecret & { notAfter: string })[] => {
      const keyId = keyIdOf(secret)
      if (hint !== undefined && fitsHint(secret, hint)) return [{ keyId, secret, notAfter }]
      const known = kept.find((entry) => entry.secret === secret)?.notAfter
      const ends = known ?? overlapEnd(remote, secret, nowMs)
      return ends === undefined ? [] : [{ keyId, secret, notAfter: ends }]
    })
    .toSorted((a, b) => Date.parse(b.notAfter) - Date.parse(a.notAfter))
}

function overlapping({ signingSecrets }: RemoteWebhook, expires: string) {
  return signingSecrets.map(({ truncatedSecret, expireTime }) => ({
    truncatedSecret,
    expireTime: expireTime ?? expires,
  }))
}
