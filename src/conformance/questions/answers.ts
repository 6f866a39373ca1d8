import { isRecord } from '../../is-record.ts'
import { isOk, textIn } from '../api.ts'
import { eitherWay, found, unknown, type Finding } from '../finding.ts'
import { patch, type Question } from '../session.ts'

/** A key of the right form that nobody has. */
const nobodysKey = `AIzaSy${'0'.repeat(33)}`
const nobodysId = '0'.repeat(36)

/** What answers and refusals look like. */
export const answersQuestion: Question = {
  switches: ['errorShape', 'invalidKey', 'times', 'updateMask', 'jwksCacheControl'],
  async ask(session) {
    const { api, own, ask } = session
    const missing = await api({ method: 'GET', path: `webhooks/${nobodysId}` })
    const stranger = await ask('v1/webhooks', { 'x-goog-api-key': nobodysKey })
    const keySet = await ask('.well-known/jwks.json')
    const webhook = await own.create()
    const { name, uri } = own.next()
    const masked = await patch(session, webhook, { name, uri }, 'name')
    if (!isOk(masked)) throw new Error(`the service answered ${masked.status} to an update with a mask`)
    return [
      judgeErrorShape(missing.body),
      judgeInvalidKey(stranger.status),
      eitherWay('times', {
        isSo: 'create_time' in webhook.shown,
        yes: 'sent',
        no: 'omitted',
        what: `a new webhook is shown ${'create_time' in webhook.shown ? 'with' : 'without'} create_time`,
      }),
      eitherWay('updateMask', {
        isSo: textIn(masked.body, 'uri') === uri,
        yes: 'ignored',
        no: 'honoured',
        what: `a field outside the mask was ${textIn(masked.body, 'uri') === uri ? 'changed' : 'left'}`,
      }),
      judgeCacheControl(keySet),
    ]
  },
}

export function judgeErrorShape({ error }: Readonly<Record<string, unknown>>): Finding {
  const code = isRecord(error) ? error['code'] : undefined
  if (typeof code === 'number') return found('errorShape', 'rpc', 'error.code is a number')
  if (typeof code === 'string') return found('errorShape', 'interactions', 'error.code is a word')
  return unknown('errorShape', 'a webhook that does not exist is answered without error.code')
}

function judgeInvalidKey(status: number): Finding {
  const seen = `a list with a key that nobody has was answered ${status}`
  if (status === 400) return found('invalidKey', 'badRequest', seen)
  return status === 401 ? found('invalidKey', 'unauthorized', seen) : unknown('invalidKey', seen)
}

function judgeCacheControl({ status, headers }: Response): Finding {
  if (status !== 200) return unknown('jwksCacheControl', `/.well-known/jwks.json was answered ${status}`)
  const value = headers.get('cache-control') ?? ''
  return found('jwksCacheControl', value, value === '' ? 'the key set has no cache-control' : 'as the key set has it')
}
