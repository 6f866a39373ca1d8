import { isOk } from '../api.ts'
import { eitherWay, found, unknown, type Finding } from '../finding.ts'
import { isOwnName, type OwnWebhook } from '../own-webhooks.ts'
import { change, patch, type Question, type Session } from '../session.ts'

const longestName = 4_096
/** More than a person makes by hand in a minute, and little for a service. */
const callsInAMinute = 100

/** Addresses that a service may refuse. Nothing is delivered there: no ping is asked for meanwhile. */
const oddAddresses = {
  uriHttp: ['without TLS', 'http://gwh-conformance.example/'],
  uriLocalhost: ['on localhost', 'https://localhost/'],
  uriPrivateAddress: ['on a private address', 'https://10.0.0.1/'],
  uriPort: ['with a port', 'https://gwh-conformance.example:8443/'],
  uriUserinfo: ['with a user and a password', 'https://user:password@gwh-conformance.example/'],
  uriQuery: ['with a query', 'https://gwh-conformance.example/?a=b'],
} as const

/** Which addresses, names and twins are refused. */
export const refusalsQuestion: Question = {
  switches: [...Object.keys(oddAddresses), 'maxNameCharacters', 'duplicates'],
  async ask(session) {
    const webhook = await session.own.create()
    const findings: Finding[] = []
    for (const [name, [what, uri]] of Object.entries(oddAddresses)) {
      const answer = await patch(session, webhook, { uri })
      const seen = `an address ${what} was answered ${answer.status}`
      findings.push(eitherWay(name, { isSo: isOk(answer), yes: 'accepted', no: 'refused', what: seen }))
    }
    await change(session, webhook, { uri: webhook.uri })
    findings.push(await askNames(session, webhook))
    const twin = await session.own.tryCreate({ uri: webhook.uri })
    return [...findings, judgeTwin(typeof twin === 'number' ? twin : 200)]
  },
}

export function judgeTwin(status: number): Finding {
  const seen = `a second webhook for one address was answered ${status}`
  if (status === 200) return found('duplicates', 'allowed', seen)
  if (status === 400) return found('duplicates', 'badRequest', seen)
  return status === 409 ? found('duplicates', 'conflict', seen) : unknown('duplicates', seen)
}

/** Halves what is between a name that passed and one that did not. */
async function askNames(session: Session, webhook: OwnWebhook): Promise<Finding> {
  const passes = async (length: number) =>
    isOk(await patch(session, webhook, { name: webhook.name.padEnd(length, 'x') }))
  if (await passes(longestName)) return found('maxNameCharacters', 0, `a name of ${longestName} characters passed`)
  let [passed, refused] = [webhook.name.length, longestName]
  while (refused - passed > 1) {
    const middle = Math.floor((passed + refused) / 2)
    if (await passes(middle)) passed = middle
    else refused = middle
  }
  return found('maxNameCharacters', passed, `${passed} characters passed, ${refused} did not`)
}

/** How many webhooks a project may have, as far as `maxWebhooks` leads. */
export const projectQuestion: Question = {
  switches: ['maxWebhooksPerProject'],
  async ask(session) {
    const { own, options } = session
    const before = (await own.list('v1')).filter(({ name }) => !isOwnName(name)).length
    for (;;) {
      const total = before + own.count
      if (total >= options.maxWebhooks) return [found('maxWebhooksPerProject', 0, `${total} are possible`)]
      const made = await own.tryCreate()
      if (typeof made !== 'number') continue
      const seen = `one more than ${total} was answered ${made}`
      return [total === 0 ? unknown('maxWebhooksPerProject', seen) : found('maxWebhooksPerProject', total, seen)]
    }
  },
}

/** How many calls a minute: what was refused meanwhile counts, or what a burst at the end shows. */
export const rateQuestion: Question = {
  switches: ['maxRequestsPerMinute'],
  async ask({ api, pace }) {
    // Counted here: at a slow service fewer calls than these are of one minute, however many are made.
    for (let calls = pace.recent(); pace.limit() === undefined && calls < callsInAMinute; calls++) {
      const answer = await api({ method: 'GET', path: 'webhooks?page_size=1' })
      if (answer.status === 429) return [judgeRate(pace.recent())]
      if (!isOk(answer)) throw new Error(`the service answered ${answer.status} to a list of its webhooks`)
    }
    const limit = pace.limit()
    return limit === undefined
      ? [found('maxRequestsPerMinute', 0, `${pace.recent()} calls in a minute were taken`)]
      : [judgeRate(limit)]
  },
}

function judgeRate(limit: number): Finding {
  return found('maxRequestsPerMinute', limit, `after ${limit} calls in a minute one was answered 429`)
}
