import { isOk, textIn } from '../api.ts'
import { accepted, awaitArrival, type Arrival, type CalledEndpoint } from '../called-endpoint.ts'
import { eitherWay, found, unknown, type Finding } from '../finding.ts'
import { minuteMs } from '../paced-fetch.ts'
import { call, change, look, undisturbed, type Question } from '../session.ts'
import { firstPingWithinMs, ping, pingEveryMs, pingUntil, type Receiving } from './ping.ts'
import { judgePing, judgeSignatures } from './ping-form.ts'
import { askTheWayOut, failedState } from './states.ts'

const absentAfterMs = 10_000
const retryWithinMs = 120_000
const attemptWithinMs = 60_000
/** A test of Retry-After is worth no more patience. */
const longestRetryAfterSeconds = 60
const enoughFailures = 30

/** What pings deliver, and how. */
export const deliveriesQuestion: Question = {
  switches: [
    'pingType',
    'pingBody',
    'userAgent',
    'v1aOnStatic',
    'rotationSignatures',
    'deliveryLagMs',
    'pingWhenDisabled',
    'retryDelayMs',
    'attemptTimeoutMs',
    'specialAnswers',
    'pingResults',
    'autoDisable',
    'autoDisableFailures',
  ],
  needs: 'endpoint',
  async ask(session) {
    const { endpoint, own } = session
    if (endpoint === undefined) return []
    endpoint.answerWith(() => accepted)
    const path = 'static/1'
    const webhook = await own.create({ uri: endpoint.url(path) })
    const receiving: Receiving = { ...session, endpoint, webhook }
    const first = await pingUntil(receiving, ({ path: at }) => at === path)
    if (first === undefined) {
      const why = `no ping came within ${firstPingWithinMs / 1000} s: does the address of --public-url lead here?`
      return this.switches.map((name) => unknown(name, why))
    }
    const lag = await undisturbed(session, () => askLag(receiving))
    const settle = () => session.wait((typeof lag.setting === 'number' ? lag.setting : 0) + pingEveryMs)
    await change(session, webhook, { uri: webhook.uri })
    await settle()
    const findings = [...judgePing(first.arrival, webhook.id), lag, await askDisabled(receiving, settle)]
    findings.push(await askRotation(receiving, settle))
    const retry = await askRetry(receiving)
    findings.push(retry, await askTimeout(receiving), await askRetryAfter(receiving, retry))
    return [...findings, ...(await askAutoDisable(receiving))]
  },
}

const idOf = ({ headers }: Arrival) => headers['webhook-id']

/** One ping; its first attempt, or undefined where none came. */
async function pingOnce(receiving: Receiving, withinMs = absentAfterMs): Promise<Arrival | undefined> {
  const before = receiving.endpoint.arrivals.length
  await ping(receiving)
  return awaitArrival(receiving, (arrival) => receiving.endpoint.arrivals.indexOf(arrival) >= before, withinMs)
}

/** How long deliveries go where they went before. */
async function askLag(receiving: Receiving): Promise<Finding> {
  const path = `static/${receiving.endpoint.arrivals.length + 2}`
  await change(receiving, receiving.webhook, { uri: receiving.endpoint.url(path) })
  const changedMs = receiving.clock.now()
  const [asked, moved] = [receiving.endpoint.arrivals.length, await pingUntil(receiving, (each) => each.path === path)]
  if (moved === undefined) return unknown('deliveryLagMs', 'pings did not follow a new address')
  const isAtOnce = receiving.endpoint.arrivals.indexOf(moved.arrival) === asked
  const lagMs = isAtOnce ? 0 : Math.round(moved.askedMs - changedMs)
  return found('deliveryLagMs', lagMs, lagMs === 0 ? 'pings follow at once' : `pings follow after ${lagMs} ms`)
}

async function askDisabled(receiving: Receiving, settle: () => Promise<void>): Promise<Finding> {
  await change(receiving, receiving.webhook, { state: 'disabled' })
  await settle()
  const arrival = await pingOnce(receiving)
  await change(receiving, receiving.webhook, { state: 'enabled' })
  await settle()
  const isDelivered = arrival !== undefined
  return eitherWay('pingWhenDisabled', {
    isSo: isDelivered,
    yes: 'delivered',
    no: 'dropped',
    what: isDelivered ? 'it came' : `it did not come within ${absentAfterMs / 1000} s`,
  })
}

async function askRotation(receiving: Receiving, settle: () => Promise<void>): Promise<Finding> {
  const { webhook } = receiving
  const rotation = await call(receiving, webhook, ':rotateSigningSecret')
  await settle()
  const { signing_secrets: shown } = await look(receiving, webhook)
  const arrival = await pingOnce(receiving)
  if (!isOk(rotation) || arrival === undefined) return unknown('rotationSignatures', 'no ping came after a rotation')
  if (!Array.isArray(shown) || shown.length < 2) return unknown('rotationSignatures', 'only one secret is valid')
  return judgeSignatures(arrival, { old: webhook.signingSecret, fresh: textIn(rotation.body, 'secret') })
}

/** The second attempt at a ping whose first was answered this way. */
async function secondAttempt(receiving: Receiving, answer: Parameters<typeof answerFirst>[1], withinMs: number) {
  answerFirst(receiving, answer)
  const first = await pingOnce(receiving)
  if (first === undefined) return undefined
  const second = await awaitArrival(receiving, (each) => each !== first && idOf(each) === idOf(first), withinMs)
  receiving.endpoint.answerWith(() => accepted)
  return { first, second }
}

/** The next ping is answered so at its first attempt, and accepted from then on. */
function answerFirst({ endpoint }: Receiving, answer: ReturnType<Parameters<CalledEndpoint['answerWith']>[0]>): void {
  const before = endpoint.arrivals.length
  endpoint.answerWith((arrival) => (endpoint.arrivals.indexOf(arrival) === before ? answer : accepted))
}

async function askRetry(receiving: Receiving): Promise<Finding> {
  const attempts = await secondAttempt(receiving, { status: 500 }, retryWithinMs)
  if (attempts?.second === undefined) {
    return unknown('retryDelayMs', `a ping that was answered 500 did not come again within ${retryWithinMs / 1000} s`)
  }
  const delayMs = Math.round(attempts.second.atMs - attempts.first.atMs)
  return found('retryDelayMs', delayMs, `the second attempt came after ${delayMs} ms, which may be partly random`)
}

async function askTimeout(receiving: Receiving): Promise<Finding> {
  const { endpoint, clock, wait } = receiving
  answerFirst(receiving, 'none')
  const first = await pingOnce(receiving)
  const untilMs = clock.now() + attemptWithinMs
  const isHanging = () => first !== undefined && first.leftAtMs === undefined
  while (isHanging() && clock.now() < untilMs) await wait(100)
  endpoint.answerWith(() => accepted)
  if (first?.leftAtMs === undefined) return unknown('attemptTimeoutMs', 'no attempt was given up within a minute')
  const afterMs = Math.round(first.leftAtMs - first.atMs)
  return found('attemptTimeoutMs', afterMs, `an attempt without an answer was given up after ${afterMs} ms`)
}

async function askRetryAfter(receiving: Receiving, { setting: delayMs }: Finding): Promise<Finding> {
  const name = 'specialAnswers'
  if (typeof delayMs !== 'number') return unknown(name, 'pings are not sent again')
  const seconds = 3 * Math.ceil(delayMs / 1000) + 2
  if (seconds > longestRetryAfterSeconds) return unknown(name, `attempts are ${delayMs} ms apart: too long to wait for`)
  const answer = { status: 429, headers: { 'retry-after': String(seconds) } }
  const attempts = await secondAttempt(receiving, answer, retryWithinMs)
  if (attempts?.second === undefined) return unknown(name, 'a ping that was answered 429 did not come again')
  const afterMs = Math.round(attempts.second.atMs - attempts.first.atMs)
  return eitherWay(name, {
    isSo: afterMs >= seconds * 1000 - 500,
    yes: 'spec',
    no: 'plainFailure',
    what: `asked for ${seconds} s by Retry-After, the second attempt came after ${afterMs} ms`,
  })
}

/** Lets pings fail until the webhook is disabled, or enough of them have failed. */
async function askAutoDisable(receiving: Receiving): Promise<Finding[]> {
  const { endpoint, webhook, wait, pace } = receiving
  if (pace.limit() !== undefined) await wait(minuteMs)
  const [before, pauses] = [endpoint.arrivals.length, pace.pauses()]
  const failures = () => endpoint.arrivals.length - before
  endpoint.answerWith(() => ({ status: 500 }))
  let state = ''
  while (state !== failedState && failures() < enoughFailures) {
    const arrival = await pingOnce(receiving, absentAfterMs)
    await wait(pingEveryMs)
    state = textIn(await look(receiving, webhook), 'state')
    if (arrival === undefined) break
  }
  const failed = failures()
  endpoint.answerWith(() => accepted)
  if (state !== failedState) {
    const why = `${failed} failed attempts at pings disabled nothing: they do not count, or more are needed`
    return ['pingResults', 'autoDisable', 'autoDisableFailures'].map((name) => unknown(name, why))
  }
  const seen = `${failed} failed attempts at pings disabled the webhook`
  return [
    found('pingResults', 'counted', seen),
    found('autoDisable', 'afterFailures', seen),
    pace.pauses() === pauses
      ? found('autoDisableFailures', failed, seen)
      : unknown('autoDisableFailures', `at most ${failed}: calls had to wait meanwhile, and attempts went on`),
    ...(await askTheWayOut(receiving, webhook)),
  ]
}
