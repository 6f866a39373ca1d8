import { GeminiError, type RemoteWebhook, type WebhookService } from '../gemini/webhook-service.ts'
import type { ApiVersion } from './api.ts'
import type { OwnWebhooks } from './own-webhooks.ts'

/** Something that the client of the operator relies on. */
export interface CheckedPromise {
  readonly version: ApiVersion
  readonly promise: string
  /** Absent: it holds. */
  readonly problem?: string
  /** The service failed, or did not answer: nothing is known of the promise. */
  readonly isUnjudged?: true
}

interface PromiseDeps {
  readonly service: WebhookService
  readonly version: ApiVersion
  readonly own: OwnWebhooks
  readonly wait: (ms: number) => Promise<void>
  readonly clock: { now(): number }
  /** A failure in words that reveal nothing. */
  readonly describe: (error: unknown) => string
}

/** Reads may show an older state for so long. */
const shownWithinMs = 60_000
const pollMs = 250
const dayMs = 86_400_000
const toleranceMs = 60_000

/** What a webhook was when it was made, for the promises after it. */
interface Life extends PromiseDeps {
  readonly id: string
  readonly created: RemoteWebhook
  readonly secret: string
}

const lifeOf: Readonly<Record<string, (life: Life) => Promise<void>>> = {
  'get shows what was created': async (life) => {
    await shown(life, (webhook) => isSame(webhook, life.created), 'it shows something else')
  },
  'list shows it once': async (life) => {
    await eventually(life, 'it does not show it once', async () => {
      return (await life.service.list()).filter(({ id }) => id === life.id).length === 1
    })
  },
  'update changes the given fields and nothing else': async ({ service, id, created, own }) => {
    const { name } = own.next()
    expect(isSame(await service.update(id, { name, state: 'disabled' }), { ...created, name, state: 'disabled' }))
    expect(isSame(await service.update(id, { state: 'enabled' }), { ...created, name }))
  },
  'a rotation with grace gives another secret, and what it shows of others expires within a day': async (life) => {
    const fresh = await life.service.rotateSigningSecret(life.id, 'revoke_previous_secrets_after_h24')
    expect(fresh !== life.secret, 'the secret is the same')
    const isFine = ({ signingSecrets }: RemoteWebhook) =>
      signingSecrets.filter(({ expireTime }) => expireTime === undefined).length === 1 &&
      signingSecrets.some((each) => each.expireTime === undefined && isHintOf(each.truncatedSecret, fresh)) &&
      signingSecrets.every(({ expireTime }) => expireTime === undefined || isWithinADay(expireTime, life.clock.now()))
    await shown(life, isFine, 'it shows something else')
  },
  'a rotation at once leaves the new secret alone': async (life) => {
    const fresh = await life.service.rotateSigningSecret(life.id, 'revoke_previous_secrets_immediately')
    const isFine = ({ signingSecrets: [first, ...others] }: RemoteWebhook) =>
      first !== undefined && others.length === 0 && isHintOf(first.truncatedSecret, fresh)
    await shown(life, isFine, 'it shows others')
  },
  'a ping is taken': ({ service, id }) => service.ping(id),
  'an event that nobody can subscribe to is refused': async ({ service, id }) => {
    await fails(service.update(id, { subscribedEvents: ['gwh.conformance'] }), 'ERR_GEMINI_REJECTED')
  },
  'delete removes it, and deleting what is gone succeeds': async (life) => {
    await life.service.delete(life.id)
    await life.service.delete(life.id)
    await eventually(life, 'it is still shown', async () => (await life.service.get(life.id)) === undefined)
  },
  'what needs a webhook that is gone says so': async ({ service, id }) => {
    await fails(service.ping(id), 'ERR_GEMINI_NOT_FOUND')
    await fails(service.update(id, { state: 'enabled' }), 'ERR_GEMINI_NOT_FOUND')
    await fails(service.rotateSigningSecret(id, 'revoke_previous_secrets_after_h24'), 'ERR_GEMINI_NOT_FOUND')
  },
}
const creation = 'create answers with what was sent, enabled, and with a secret of which it shows the end'

/**
 * What the client of the WebhookService relies on, over one version of the API, in the life of one webhook. Rejects
 * only when the run is to end; the wait's reason is passed on.
 */
export async function checkPromises(deps: PromiseDeps, signal: AbortSignal): Promise<CheckedPromise[]> {
  const { version } = deps
  let life: Life | undefined
  let isUnmade = false
  const checked: CheckedPromise[] = []
  const check = async (promise: string, prove: () => Promise<void>) => {
    signal.throwIfAborted()
    try {
      await prove()
      checked.push({ version, promise })
    } catch (error) {
      signal.throwIfAborted()
      const isUnjudged = isNoAnswer(error) || isUnmade
      checked.push({ version, promise, problem: deps.describe(error), ...(isUnjudged && { isUnjudged }) })
      isUnmade ||= isUnjudged && promise === creation
    }
  }
  await check(creation, async () => {
    life = await begin(deps)
  })
  for (const [promise, prove] of Object.entries(lifeOf)) {
    await check(promise, async () => {
      if (life === undefined) throw new Error('no webhook could be made')
      await prove(life)
    })
  }
  return checked
}

const noAnswers: ReadonlySet<string> = new Set<GeminiError['code']>([
  'ERR_GEMINI_RATE_LIMITED',
  'ERR_GEMINI_UNAVAILABLE',
  'ERR_GEMINI_TIMEOUT',
  'ERR_GEMINI_CONNECTION',
])
const isNoAnswer = (error: unknown) => error instanceof GeminiError && noAnswers.has(error.code)

async function begin(deps: PromiseDeps): Promise<Life> {
  const { service, own, version } = deps
  const input = { ...own.next(), subscribedEvents: ['video.generated'] }
  const { webhook: created, signingSecret: secret } = await service.create(input)
  own.adopt(created.id, version)
  const { name, uri, state, signingSecrets } = created
  expect(name === input.name && uri === input.uri && state === 'enabled', 'it shows something else')
  expect(signingSecrets.length === 1 && isHintOf(signingSecrets[0]?.truncatedSecret ?? '', secret), 'the hint differs')
  return { ...deps, id: created.id, created, secret }
}

function expect(isSo: boolean, what = 'it shows something else'): void {
  if (!isSo) throw new Error(what)
}

async function fails(call: Promise<unknown>, code: GeminiError['code']): Promise<void> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (isNoAnswer(error)) throw error
  const got = error instanceof GeminiError ? error.code : 'no refusal'
  expect(got === code, `expected ${code}, got ${got}`)
}

async function eventually({ clock, wait }: PromiseDeps, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = clock.now() + shownWithinMs
  while (!(await isSo())) {
    expect(clock.now() < untilMs, what)
    await wait(pollMs)
  }
}

function shown(life: Life, isFine: (webhook: RemoteWebhook) => boolean, what: string): Promise<void> {
  return eventually(life, what, async () => {
    const webhook = await life.service.get(life.id)
    return webhook !== undefined && isFine(webhook)
  })
}

const plain = ({ id, name, uri, state, subscribedEvents }: RemoteWebhook) =>
  JSON.stringify([id, name, uri, state, subscribedEvents])
const isSame = (a: RemoteWebhook, b: RemoteWebhook) => plain(a) === plain(b)

const isHintOf = (hint: string, secret: string) => secret.length > 16 && hint.endsWith(secret.slice(-4))

function isWithinADay(time: string, nowMs: number): boolean {
  const ms = Date.parse(time) - nowMs
  return ms > 0 && ms <= dayMs + toleranceMs
}
