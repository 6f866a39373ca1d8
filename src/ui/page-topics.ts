import type { Clock } from '../clock.ts'
import type { Hello } from '../contract/page/messages.ts'
import type { CallBudget, Finding } from '../contract/page/overview.ts'
import type { Access } from '../contract/page/rights.ts'
import type { Entries } from './entries.ts'
import { Polled } from './polled.ts'
import type { ReceiverWatch } from './receivers/receiver-watch.ts'
import type { RouteWatch } from './routes/route-watch.ts'
import type { WebhookWatch } from './rows/webhook-watch.ts'
import type { Topic } from './server/streams.ts'
import { helloTopic, latest } from './topics.ts'

interface TopicSources {
  readonly hello: () => Hello
  readonly webhooks: WebhookWatch
  readonly routes: RouteWatch
  readonly receivers: ReceiverWatch
  readonly entries: Entries
  readonly clock: Clock
  /** What is asked for while a page looks. None of them rejects. */
  readonly read: {
    readonly findings: () => Promise<Finding[]>
    readonly access: () => Promise<Access>
    readonly callBudget: () => Promise<CallBudget>
  }
}

const findingsEveryMs = 30_000
const accessEveryMs = 60_000
const callBudgetEveryMs = 30_000
/** Totals and charts: once a second. */
const everySecond = 4

/** All that a page is told, in the order in which a page that is opened is told it. */
export function pageTopics({ hello, webhooks, routes, receivers, entries, clock, read }: TopicSources): Topic[] {
  const access = new Polled(read.access, { everyMs: accessEveryMs, clock })
  const callBudget = new Polled(read.callBudget, { everyMs: callBudgetEveryMs, clock })
  const findings = new Polled(async () => ({ findings: await read.findings(), atMs: clock.now() }), {
    everyMs: findingsEveryMs,
    clock,
  })
  return [
    helloTopic(hello),
    latest(() => ({ type: 'apiServer', apiServer: webhooks.state })),
    latest(() => {
      const now = access.look()
      return now && { type: 'access', access: now }
    }),
    webhooks.topic(),
    latest(() => {
      const list = routes.list()
      return list && { type: 'routes', routes: list }
    }, everySecond),
    latest(() => receivers.message()),
    latest(() => {
      const budget = callBudget.look() ?? { isKnown: false, why: 'it is being read' }
      const overview = { nowMs: clock.now(), ...webhooks.sums(), inbox: receivers.depth(), callBudget: budget }
      return { type: 'overview', overview }
    }, everySecond),
    latest(() => ({ type: 'lastHour', lastHour: entries.hour.view(clock.now()) }), everySecond),
    latest(() => {
      const found = findings.look()
      return found && { type: 'findings', ...found }
    }),
    entries.topic(),
  ]
}
