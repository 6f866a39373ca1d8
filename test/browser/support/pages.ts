import { pageAddresses } from '../../../src/contract/page/addresses.ts'
import type { Hello, PageMessage } from '../../../src/contract/page/messages.ts'
import type { WebhookRow } from '../../../src/contract/page/overview.ts'
import {
  aDetail,
  aLife,
  allRights,
  anHour,
  failingRow,
  letterRow,
  aRow,
  noonMs,
  overviewOf,
  someEntries,
} from './fixtures.ts'
import type { FixtureServer } from './fixture-server.ts'

export const aHello: Hello = {
  type: 'hello',
  version: '0.1.0',
  start: 'one',
  context: 'prod-eu-1',
  server: 'https://127.0.0.1:6443',
  operatorNamespace: 'gemini-webhook-system',
  playground: false,
  nowMs: noonMs,
}

export const fourRows = [
  aRow(),
  aRow({ name: 'video-events', events: 1, nextRotation: '2026-12-01T01:00:00Z' }),
  letterRow,
  failingRow,
]

/** All that a stream begins with. */
export function greeting(rows: readonly WebhookRow[], hello: Partial<Hello> = {}): PageMessage[] {
  const parts: PageMessage[] = []
  for (let from = 0; from < rows.length || from === 0; from += 300) {
    const isLast = from + 300 >= rows.length
    const changed = rows.slice(from, from + 300)
    parts.push({
      type: 'rows',
      changed,
      removed: [],
      ...(from === 0 && { isStart: true }),
      ...(isLast && { isComplete: true }),
    })
  }
  return [
    { ...aHello, ...hello },
    { type: 'apiServer', apiServer: { state: 'Connected' } },
    { type: 'access', access: allRights },
    ...parts,
    { type: 'overview', overview: overviewOf(rows) },
    { type: 'lastHour', lastHour: anHour() },
    {
      type: 'receivers',
      receivers: [
        {
          pod: 'gwh-receiver-0',
          state: 'Connected',
          sinceMs: noonMs - 3_600_000,
          pending: 208,
          deadLetters: 3,
          inbox: 'own',
        },
      ],
    },
    {
      type: 'findings',
      atMs: noonMs - 5_000,
      findings: [
        { name: 'CRD', state: 'Good', says: 'the API server knows GeminiWebhooks' },
        { name: 'leader', state: 'Good', says: 'gwh-controller-0 leads' },
        { name: 'orphans', state: 'Open', says: 'could not be read' },
      ],
    },
    { type: 'deliveries', isStart: true, entries: someEntries(1, 60), left: 0 },
  ]
}

/** A server that knows the four webhooks and everything about them. */
export function knowFourWebhooks(server: FixtureServer, rows: readonly WebhookRow[] = fourRows): void {
  server.begin = greeting(rows)
  server.answers.set(pageAddresses.webhook, ({ namespace, name }) => {
    const row = rows.find((each) => each.id === `${namespace}/${name}`)
    return row === undefined
      ? { status: 404, body: { error: `there is no GeminiWebhook ${namespace}/${name}` } }
      : { body: aDetail(row) }
  })
  server.answers.set(pageAddresses.delivery, ({ namespace = '', name = '', eventId = '' }) => ({
    body: aLife({ namespace, name, eventId }),
  }))
}
