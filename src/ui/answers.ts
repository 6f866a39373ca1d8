import type * as z from 'zod'

import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Reach } from '../cli/webhook/reach-endpoint.ts'
import type { Leader } from '../cli/status-links.ts'
import type { Clock } from '../clock.ts'
import { pageAddresses } from '../contract/page/addresses.ts'
import {
  actionRequest,
  bodyKey,
  countQuery,
  deliveryKey,
  pagedSelection,
  objectKey,
  type ActionRequest,
  type ActionResult,
} from '../contract/page/actions.ts'
import type { RouteDetail, RouteKey } from '../contract/page/routes.ts'
import type { WebhookDetail } from '../contract/page/webhook-detail.ts'
import { askDeadLetters, askPending, countSelected, readPage } from './deliveries/pages.ts'
import { readBody } from './deliveries/read-body.ts'
import { readLife } from './deliveries/read-life.ts'
import type { Entries } from './entries.ts'
import { Hour } from './hour.ts'
import { readMay } from './needed-rights.ts'
import type { ReceiverWatch } from './receivers/receiver-watch.ts'
import type { Rights } from './rights.ts'
import type { WebhookWatch } from './rows/webhook-watch.ts'
import { AskError, type PageHandlers } from './server/page-server.ts'
import { detailOf } from './webhook/detail.ts'

interface AnswerDeps {
  readonly webhooks: WebhookWatch
  readonly entries: Entries
  readonly receivers: ReceiverWatch
  readonly rights: Rights
  readonly clock: Clock
  readonly operatorNamespace: string
  readonly reach: (webhook: GeminiWebhook) => Promise<Reach | undefined>
  readonly readLeader: () => Promise<Leader>
  readonly readRoute: (key: RouteKey) => Promise<RouteDetail>
  readonly act: (request: ActionRequest) => Promise<ActionResult>
}

/** What the page asks for beside its stream. What it says is checked before anything is done. */
export function pageHandlers(deps: AnswerDeps): PageHandlers {
  const { receivers, entries } = deps
  const held = (field: 'pending' | 'deadLetters') => {
    const depth = receivers.depth()
    return { receivers, total: depth.isKnown ? depth[field] : 0 }
  }
  return {
    get: {
      [pageAddresses.webhook]: (query) => readDetail(read(objectKey, query), deps),
      [pageAddresses.route]: (query) => deps.readRoute(read(objectKey, query)),
      [pageAddresses.delivery]: async (query) => {
        const life = await readLife(read(deliveryKey, query), { entries, receivers })
        if (life !== undefined) return life
        throw new AskError(404, 'no receiver remembers this delivery: it is long over, or its receiver was restarted')
      },
      [pageAddresses.deadLetters]: (query) =>
        readPage(askDeadLetters, read(pagedSelection, query), held('deadLetters')),
      [pageAddresses.pending]: (query) => readPage(askPending, read(pagedSelection, query), held('pending')),
      [pageAddresses.count]: (query) => {
        const { of, ...selection } = read(countQuery, query)
        return countSelected(of === 'pending' ? askPending : askDeadLetters, selection, receivers)
      },
      [pageAddresses.body]: (query) => readBody(read(bodyKey, query).id, receivers),
    },
    post: {
      [pageAddresses.act]: (body) => {
        const request = read(actionRequest, body)
        if (request.action === 'rotate' && request.typed !== request.name)
          throw new AskError(409, `typed: is not the name "${request.name}": nothing was rotated`)
        return deps.act(request)
      },
    },
  }
}

async function readDetail(key: { namespace: string; name: string }, deps: AnswerDeps): Promise<WebhookDetail> {
  const { webhooks, entries, rights, clock, operatorNamespace } = deps
  const webhook = webhooks.get(key)
  if (webhook === undefined) {
    const why = webhooks.isListed ? 'does not exist' : 'is not known, for GeminiWebhooks could not be listed'
    throw new AskError(404, `GeminiWebhook ${key.namespace}/${key.name}: ${why}`)
  }
  const [reach, leader, may] = await Promise.all([
    deps.reach(webhook),
    deps.readLeader(),
    readMay(webhook, rights, operatorNamespace),
  ])
  const nowMs = clock.now()
  const hour = new Hour()
  for (const entry of entries.ofWebhook(key)) hour.add(entry)
  return detailOf(webhook, { nowMs, reach, leader, lastHour: hour.view(nowMs), may })
}

/** What was given, checked; the message names the field and what to give instead. */
function read<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  throw new AskError(400, `${field}${issue?.message ?? 'is not what is asked with'}`)
}
