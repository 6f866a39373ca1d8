import { isOk, textIn } from '../api.ts'
import { eitherWay, unknown, type Finding } from '../finding.ts'
import type { OwnWebhook } from '../own-webhooks.ts'
import { call, look, patch, type Question, type Session } from '../session.ts'

export const failedState = 'disabled_due_to_failed_deliveries'

/**
 * Whether a client may set the state that Google sets after failed deliveries; and where it may, without one failed
 * delivery, how a webhook gets out of it.
 */
export const statesQuestion: Question = {
  switches: ['setFailedState'],
  async ask(session) {
    const webhook = await session.own.create()
    const answer = await patch(session, webhook, { state: failedState })
    const isSet = isOk(answer) && textIn(answer.body, 'state') === failedState
    const setFailedState = eitherWay('setFailedState', {
      isSo: isSet,
      yes: 'accepted',
      no: 'refused',
      what: `an update to ${failedState} was answered ${answer.status}`,
    })
    return isSet ? [setFailedState, ...(await askTheWayOut(session, webhook))] : [setFailedState]
  },
}

/** How a webhook that failed deliveries have disabled becomes enabled again; it is one of ours, in that state. */
export async function askTheWayOut(session: Session, webhook: OwnWebhook): Promise<Finding[]> {
  const rotation = await call(session, webhook, ':rotateSigningSecret')
  const afterRotation = textIn(await look(session, webhook), 'state')
  const rotated = isOk(rotation)
    ? eitherWay('rotateAutoDisabled', {
        isSo: afterRotation === 'enabled',
        yes: 'reset',
        no: 'kept',
        what: `after a rotation the state is ${afterRotation}`,
      })
    : unknown('rotateAutoDisabled', `a rotation was answered ${rotation.status}`)
  if (afterRotation !== failedState) {
    const again = await patch(session, webhook, { state: failedState })
    if (!isOk(again)) return [rotated, unknown('reenableByUpdate', 'the rotation has enabled the webhook already')]
  }
  const update = await patch(session, webhook, { state: 'enabled' })
  return [
    rotated,
    eitherWay('reenableByUpdate', {
      isSo: isOk(update),
      yes: 'accepted',
      no: 'refused',
      what: `an update to enabled was answered ${update.status}`,
    }),
  ]
}
