import type { FilterSpec } from '../../src/api/sink.ts'
import { ask, kubectl, soon } from '../support/processes/cluster-commands.ts'
import { system } from './world.ts'
import type { User } from './users.ts'

export const platform = 'ml-platform'
export const teams = ['team-search', 'team-ads'] as const
type Team = (typeof teams)[number]

const apiVersion = 'webhooks.gemini-operator.io/v1alpha1'
const label = 'ml-platform.example.com/gemini-events'
export const webhook = { namespace: platform, name: 'project-events' }

/** The webhook of the platform team: one for all, for whoever's namespace has the label. */
export const projectEvents = {
  apiVersion,
  kind: 'GeminiWebhook',
  metadata: webhook,
  spec: {
    apiKeySecretRef: { name: 'gemini-api-key' },
    events: ['batch.succeeded', 'batch.failed', 'batch.expired'],
    dynamic: {},
    allowedRoutes: {
      namespaces: { from: 'Selector', selector: { matchLabels: { [label]: 'allowed' } } },
      types: ['batch.succeeded', 'batch.failed'],
    },
  },
}

export const labelAs = (team: Team, isAllowed: boolean) => [
  'label',
  'namespace',
  team,
  isAllowed ? `${label}=allowed` : `${label}-`,
]

/** A route of a team to its worker. */
export function aRoute(namespace: string, name: string, filter: FilterSpec, spec: object = {}) {
  const sinks = [{ name: 'worker', service: { name: 'batch-worker', path: '/events' } }]
  const metadata = { namespace, name }
  return { apiVersion, kind: 'GeminiRoute', metadata, spec: { webhookRef: webhook, filter, sinks, ...spec } }
}

interface Got {
  id: string
  type: string
  subject: string
  route: string
  /** Absent: Google. */
  origin?: string
  atMs: number
}

/** What a team's worker has got since it was started. */
export const workerOf = (namespace: string) =>
  ask<Got[]>('GET', { namespace, name: 'batch-worker', port: 80 }, 'events')
export const gotBy = async (namespace: string, route: string) =>
  (await workerOf(namespace)).filter((got) => got.route === `${namespace}/${route}`)
export const jobsOf = async (namespace: string, route: string) =>
  (await gotBy(namespace, route)).map(({ subject }) => subject)

/** What jobs of the team name. The roles that ship show no Secret: whoever starts jobs may read this one. */
export async function addressOf(team: User, route: string): Promise<string> {
  const secret = `${route}-route-endpoint`
  const create = ['--namespace', team.namespace, 'create']
  await kubectl([...create, 'role', secret, '--verb=get', '--resource=secrets', `--resource-name=${secret}`])
  await kubectl([...create, 'rolebinding', secret, `--role=${secret}`, `--serviceaccount=${team.namespace}:user`])
  const uri = await soon(`the Secret ${secret}`, () => team.field('.data.uri', 'secret', secret))
  return Buffer.from(uri, 'base64').toString('utf8')
}

/** A team's worker is gone, and its Service leads nowhere; or a new one is there, which has got nothing yet. */
export async function scaleWorker(namespace: string, replicas: 0 | 1): Promise<void> {
  const inNamespace = ['--namespace', namespace]
  await kubectl([...inNamespace, 'scale', 'deployment/batch-worker', `--replicas=${replicas}`])
  await kubectl([...inNamespace, 'rollout', 'status', 'deployment/batch-worker', '--timeout=2m'])
  const pods = () => kubectl([...inNamespace, 'get', 'pods', '--selector=app=batch-worker', '--output=name'])
  await soon('the pods of the worker', async () => ((await pods()).trim() === '') === (replicas === 0))
}

/** What all receivers keep for all objects, as the platform team sees it. */
export async function pendingOf(owner: User): Promise<number> {
  const { inboxes } = JSON.parse(await owner.gwh(['inbox', '-o', 'json'])) as { inboxes: { pending: number }[] }
  return inboxes.reduce((sum, { pending }) => sum + pending, 0)
}

export function untilAccepted(team: User, route: string, reason: string): Promise<true> {
  return soon(`${team.namespace}/${route}: ${reason}`, async () => {
    const said = await team.field('.status.conditions[?(@.type=="Accepted")].reason', 'groute', route)
    return said === reason
  })
}

/** Until `gwh status`, run by the team, says this of its route; what is broken it says with exit code 1. */
export function untilTold(team: User, route: string, words: RegExp): Promise<true> {
  return soon(`gwh status says ${words} of ${team.namespace}/${route}`, async () => {
    const said = await team.gwh(['status', `groute/${route}`, '--no-probe']).catch((error: Error) => error.message)
    return words.test(said)
  })
}

/** How long after Google sent it each of these was at the worker; the sender wrote the time into the id of the job. */
export function waitedMs(got: readonly Got[], tag: string): number[] {
  return got
    .filter(({ subject }) => subject.startsWith(`batches/${tag}-`))
    .map(({ subject, atMs }) => atMs - Number(subject.split('-').at(-1)))
    .toSorted((a, b) => a - b)
}

/** The smallest that this share of them does not exceed. */
export const quantile = (sorted: readonly number[], share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0

/** How many of the answers to Google took no longer, by the buckets of the receiver: upper bounds in seconds. */
export async function answersByDuration(): Promise<Map<string, number>> {
  const path = `/api/v1/namespaces/${system}/pods/gwh-receiver-0:9090/proxy/metrics`
  const series = /^gwh_receiver_request_duration_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm
  const text = await kubectl(['get', '--raw', path])
  return new Map([...text.matchAll(series)].map(([, bound = '', count]) => [bound, Number(count)]))
}

/** The bound below which this share of the answers between two looks stayed. */
export function answeredWithin(before: Map<string, number>, after: Map<string, number>, share: number): string {
  const counts = [...after].map(([bound, count]) => ({ bound, count: count - (before.get(bound) ?? 0) }))
  const all = Math.max(...counts.map(({ count }) => count))
  return counts.find(({ count }) => count >= all * share)?.bound ?? '+Inf'
}
