import type { DeliveryLife, LiveEntry } from '../../../src/contract/page/deliveries.ts'
import { healths, type LastHour, type Overview, type WebhookRow } from '../../../src/contract/page/overview.ts'
import type { Access, Permission } from '../../../src/contract/page/rights.ts'
import type { ChainLink, WebhookDetail } from '../../../src/contract/page/webhook-detail.ts'

/** Sunday noon: what every time of a fixture is counted from. */
export const noonMs = Date.parse('2026-11-29T12:00:00Z')
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
export const at = (ms: number) => new Date(noonMs + ms).toISOString()

export const yes: Permission = { may: 'yes' }
export const allRights: Access = { webhooks: yes, receivers: yes, installation: yes }

export function aRow(given: Partial<WebhookRow> = {}): WebhookRow {
  const { namespace = 'ml', name = 'batch-events' } = given
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    version: '1',
    health: 'Ready',
    reason: '',
    message: '',
    atGoogle: 'enabled',
    events: 3,
    lastDelivery: at(-12_000),
    pending: 0,
    deadLetters: 0,
    secretSince: at(-41 * dayMs),
    sinks: [{ name: 'worker', isWell: true }],
    ...given,
  }
}

export const failingRow = aRow({
  namespace: 'search',
  name: 'nightly-eval',
  health: 'SinkFailing',
  broken: 'sink worker',
  reason: 'SinkFailing',
  message: 'sink worker takes nothing since 11:41: connectionRefused by http://eval.search.svc:80',
  remedy: 'Repair the sink, or correct the field of spec.sinks that leads there. Dead letters can be replayed.',
  pending: 208,
  sinks: [{ name: 'worker', isWell: false }],
})

export const letterRow = aRow({
  namespace: 'ops',
  name: 'slack',
  health: 'DeadLetters',
  reason: 'DeadLetters',
  message: 'three deliveries to sink slack were given up',
  deadLetters: 3,
})

export function manyRows(count: number): WebhookRow[] {
  return Array.from({ length: count }, (_, index) => {
    const health = index % 97 === 0 ? 'SinkFailing' : index % 61 === 0 ? 'Progressing' : 'Ready'
    const namespace = `team-${String(index % 50).padStart(2, '0')}`
    return aRow({ namespace, name: `webhook-${String(index).padStart(5, '0')}`, health, reason: 'Succeeded' })
  })
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

export function anHour(scale = 1): LastHour {
  const minutes = Array.from({ length: 60 }, (_, index) => noonMs - (59 - index) * minuteMs)
  const wave = (index: number) => Math.round((16 + 12 * Math.sin(index / 9)) * scale)
  const delivered = minutes.map((_, index) => wave(index))
  const triedAgain = minutes.map((_, index) => (index > 43 ? Math.round(5 * scale) : 0))
  const deadLetters = minutes.map((_, index) => (index === 52 ? Math.round(3 * scale) : 0))
  return {
    minutes,
    delivered,
    triedAgain,
    deadLetters,
    refused: minutes.map(() => 0),
    p50Ms: minutes.map((_, index) => 4 + (index % 3)),
    p99Ms: minutes.map((_, index) => (index % 11 === 0 ? null : 30 + (index % 9))),
    total: {
      delivered: sum(delivered),
      triedAgain: sum(triedAgain),
      deadLetters: sum(deadLetters),
      refused: 0,
      p50Ms: 4,
      p99Ms: 38,
    },
    completeSinceMs: noonMs - 60 * minuteMs,
  }
}

/** What the overview says of these rows. */
export function overviewOf(rows: readonly WebhookRow[]): Overview {
  const counts = Object.fromEntries(
    healths.map((health) => [health, rows.filter((row) => row.health === health).length]),
  ) as Overview['counts']
  const pending = rows.reduce((sum, row) => sum + row.pending, 0)
  const deadLetters = rows.reduce((sum, row) => sum + row.deadLetters, 0)
  return {
    nowMs: noonMs,
    counts,
    total: rows.length,
    pending,
    deadLetters,
    inbox: {
      isKnown: true,
      events: 1_284,
      bodyBytes: 1_400_000,
      pending,
      deadLetters,
      oldestPendingMs: 39 * minuteMs,
      without: [],
    },
    callBudget: { isKnown: true, lowest: 57 },
  }
}

const link = (name: string, says: string, more: Partial<ChainLink> = {}): ChainLink => ({
  name,
  state: 'Good',
  says,
  ...more,
})

export function aDetail(row: WebhookRow, given: Partial<WebhookDetail> = {}): WebhookDetail {
  const isBroken = row.health === 'SinkFailing'
  const chain: ChainLink[] = [
    link('controller', 'has nothing left to do'),
    link('API key', 'Google accepts the API key'),
    link('registration', 'webhook 4uena2ys74zdm35cfaaqy1dnhsuyfsaae5op at Google'),
    link('signing secret', 'Secret batch-events-signing-secret holds what Google signs with'),
    link('in sync', 'URI, events, name and state are as the spec says'),
    link('enabled', 'the webhook is enabled at Google'),
    link('endpoint proven', 'a signed ping of Google came back through the endpoint'),
    link('deliveries', `one was verified at 11:59; ${row.pending} stored ones have not ended yet`),
    isBroken
      ? link('sink worker', row.message, { state: 'Broken', branch: 'sink', remedy: row.remedy ?? '' })
      : link('sink worker', 'http://batch-worker.ml.svc:80/events', { branch: 'sink' }),
    link('sink cluster', 'events.k8s.io', { branch: 'sink' }),
  ]
  return {
    row,
    chain,
    ...(isBroken && { firstBroken: 8 }),
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Succeeded',
        message: 'everything is as the spec says',
        lastTransitionTime: at(-88 * dayMs),
        question: 'Is everything as it should be?',
      },
    ],
    secretName: `${row.name}-signing-secret`,
    secrets: [
      { hint: 'whsec_...7k2Q', state: 'Overlapping', fromMs: noonMs - 60 * dayMs, untilMs: noonMs + dayMs },
      { hint: 'whsec_...dAsY', state: 'InForce', fromMs: noonMs - 3 * dayMs },
    ],
    rotation: {
      lastMs: noonMs - 3 * dayMs,
      nextMs: noonMs + 27 * dayMs,
      interval: '720h',
      windows: [
        {
          cron: '0 2 * * 1-5',
          duration: '2h',
          timeZone: 'Europe/Berlin',
          openings: [{ fromMs: noonMs + 26 * dayMs, untilMs: noonMs + 26.3 * dayMs }],
        },
      ],
      problems: [],
    },
    backfill: { lookback: '72h', since: at(-88 * dayMs), lastTime: at(-9 * dayMs), lastFound: 2, total: 14 },
    sinks: [
      {
        name: 'worker',
        kind: 'service',
        address: 'http://batch-worker.ml.svc:80/events',
        isReady: true,
        pending: row.pending,
        deadLetters: row.deadLetters,
        ...(isBroken && { failingSince: at(-19 * minuteMs), lastFailure: 'connectionRefused' }),
      },
      { name: 'cluster', kind: 'event', isReady: true, pending: 0, deadLetters: 0, filter: "type == 'batch.failed'" },
    ],
    events: ['batch.succeeded', 'batch.failed', 'batch.expired'],
    endpoint: `https://hooks.example.com/v1/s/${row.namespace}/${row.name}`,
    googleId: '4uena2ys74zdm35cfaaqy1dnhsuyfsaae5op',
    createdMs: noonMs - 90 * dayMs,
    lastHour: anHour(0.5),
    may: { ping: yes, send: yes, rotate: yes, replay: yes, retry: yes },
    ...given,
  }
}

export function aLife(given: Partial<DeliveryLife> = {}): DeliveryLife {
  const startMs = noonMs - 5 * minuteMs
  return {
    namespace: 'search',
    name: 'nightly-eval',
    eventId: 'msg_b3eb94c3-c475',
    eventType: 'batch.succeeded',
    steps: [
      { kind: 'sent', state: 'Good', atMs: startMs - 800, says: 'sent by Google' },
      { kind: 'received', state: 'Good', atMs: startMs, durationMs: 3, says: 'received' },
      { kind: 'verified', state: 'Good', atMs: startMs + 3, durationMs: 0.2, keyId: 'k2', says: 'verified, …dAsY' },
      { kind: 'stored', state: 'Good', atMs: startMs + 3.2, durationMs: 4, status: 204, says: 'stored, answered 204' },
      {
        kind: 'attempt',
        state: 'Broken',
        atMs: startMs + 9,
        durationMs: 2,
        attempt: 1,
        says: 'worker, attempt 1: refused',
      },
      {
        kind: 'attempt',
        state: 'Broken',
        atMs: startMs + 4_000,
        durationMs: 2,
        attempt: 2,
        says: 'worker, attempt 2: refused',
      },
      { kind: 'next', state: 'Open', atMs: noonMs + 2_490_000, says: 'worker, next attempt' },
    ],
    headers: { 'webhook-id': 'msg_b3eb94c3-c475', 'content-type': 'application/json', 'user-agent': 'Google-Webhooks' },
    sinks: [{ sink: 'worker', state: 'Pending', id: 'gwh-receiver-0/41', nextTryAt: at(2_490_000) }],
    body: { id: 'gwh-receiver-0/41' },
    without: [],
    ...given,
  }
}

/** Deliveries as the receivers tell them, numbered from `first`. */
export function someEntries(first: number, count: number, namespace = 'ml', name = 'batch-events'): LiveEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index
    const common = {
      number,
      pod: 'gwh-receiver-0',
      at: at(-60_000 + number),
      namespace,
      name,
      eventId: `msg_${number}`,
    }
    if (number % 2 === 0) {
      const headers = { 'webhook-id': `msg_${number}` }
      return {
        ...common,
        kind: 'request',
        route: '/v1/s/:namespace/:name',
        outcome: 'Stored',
        status: 204,
        headers,
        durationMs: 4.2,
      }
    }
    const attempt = { number: 1, sinkType: 'http', outcome: 'delivered', status: 204, replayed: false, durationMs: 7.5 }
    return { ...common, kind: 'step', sink: 'worker', next: 'Succeed', attempt }
  })
}
