import { isOk, objectsIn, textIn } from '../api.ts'
import { eitherWay, found, unknown, type Finding } from '../finding.ts'
import type { OwnWebhook } from '../own-webhooks.ts'
import { call, change, look, type Question, type Session } from '../session.ts'
import { judgeSecretForm } from './secret-form.ts'

/** Enough characters to say that `+` and `/` do not occur: one in a million that 24 bytes each had none by chance. */
const rotations = 13
/** Expiry may be told in whole seconds. */
const apartMs = 3_000
const graceful = { revocation_behavior: 'revoke_previous_secrets_after_h24' }

async function rotate(session: Session, webhook: OwnWebhook): Promise<string> {
  const answer = await call(session, webhook, ':rotateSigningSecret', graceful)
  if (!isOk(answer)) throw new Error(`the service answered ${answer.status} to a rotation`)
  return textIn(answer.body, 'secret')
}

const shownSecrets = async (session: Session, webhook: OwnWebhook) =>
  objectsIn(await look(session, webhook), 'signing_secrets')

/** How secrets are made, shown, kept and dropped. */
export const secretsQuestion: Question = {
  switches: [
    'secretBytes',
    'secretPadding',
    'secretAlphabet',
    'signingSecretsOrder',
    'secondRotation',
    'maxSigningSecrets',
  ],
  async ask(session) {
    const webhook = await session.own.create()
    const secrets = [webhook.signingSecret, await rotate(session, webhook)]
    const afterOne = await shownSecrets(session, webhook)
    await session.wait(apartMs)
    secrets.push(await rotate(session, webhook))
    const afterTwo = await shownSecrets(session, webhook)
    while (secrets.length <= rotations) secrets.push(await rotate(session, webhook))
    const atEnd = await shownSecrets(session, webhook)
    return [
      ...judgeSecretForm(secrets),
      judgeOrder(afterOne),
      ...judgeOverlap({ afterTwo, atEnd, made: secrets.length }),
    ]
  },
}

type Shown = readonly Readonly<Record<string, unknown>>[]
const expiryOf = (shown: Readonly<Record<string, unknown>>) => Date.parse(textIn(shown, 'expire_time'))

/** The current secret is the one that does not expire. */
export function judgeOrder(shown: Shown): Finding {
  const at = shown.findIndex((each) => Number.isNaN(expiryOf(each)))
  if (shown.length < 2 || at === -1) return unknown('signingSecretsOrder', `${shown.length} shown after a rotation`)
  const isNewestFirst = at === 0
  const seen = `the current secret is the ${isNewestFirst ? 'first' : 'last'} of ${shown.length}`
  return found('signingSecretsOrder', isNewestFirst ? 'newestFirst' : 'oldestFirst', seen)
}

/** What two rotations in a row, and then many, left of the secrets before; `made`: secrets in all. */
export function judgeOverlap(seen: { afterTwo: Shown; atEnd: Shown; made: number }): Finding[] {
  const { afterTwo, atEnd, made } = seen
  const limit = atEnd.length
  const expiries = afterTwo.map(expiryOf).filter((ms) => !Number.isNaN(ms))
  if (limit === 1) {
    return [
      unknown('secondRotation', 'a rotation leaves nothing of the secrets before'),
      found('maxSigningSecrets', 1, `1 of ${made} secrets is shown`),
    ]
  }
  if (expiries.length === 1) {
    return [
      found('secondRotation', 'oldestDropped', 'after two rotations the oldest secret is gone'),
      unknown('maxSigningSecrets', 'the oldest secret goes with each rotation, as it would with a limit of 2'),
    ]
  }
  const apart = Math.max(...expiries) - Math.min(...expiries)
  const isRenewed = apart < apartMs / 2
  return [
    eitherWay('secondRotation', {
      isSo: isRenewed,
      yes: 'oldExpiryRenewed',
      no: 'oldExpiryKept',
      what: `after two rotations the expiries are ${(apart / 1000).toFixed(1)} s apart`,
    }),
    found('maxSigningSecrets', limit === made ? 0 : limit, `${limit} of ${made} secrets are shown`),
  ]
}

/** What else a rotation takes. */
export const rotationQuestion: Question = {
  switches: ['uppercaseRevocation', 'rotateSecretAlias', 'rotateWhileDisabled'],
  async ask(session) {
    const webhook = await session.own.create()
    const upper = await call(session, webhook, ':rotateSigningSecret', {
      revocation_behavior: graceful.revocation_behavior.toUpperCase(),
    })
    const alias = await call(session, webhook, '/rotate_secret')
    await change(session, webhook, { state: 'disabled' })
    const disabled = await call(session, webhook, ':rotateSigningSecret', graceful)
    return [
      eitherWay('uppercaseRevocation', {
        isSo: isOk(upper),
        yes: 'accepted',
        no: 'refused',
        what: `a rotation in capitals was answered ${upper.status}`,
      }),
      eitherWay('rotateSecretAlias', {
        isSo: isOk(alias),
        yes: 'alias',
        no: 'notFound',
        what: `POST .../rotate_secret was answered ${alias.status}`,
      }),
      eitherWay('rotateWhileDisabled', {
        isSo: isOk(disabled),
        yes: 'accepted',
        no: 'refused',
        what: `the rotation of a disabled webhook was answered ${disabled.status}`,
      }),
    ]
  },
}
