import { backfillDefaults } from '../../api/backfill.ts'
import type { ConditionType } from '../../api/conditions.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { mostUnmanagedWebhooks, type Condition } from '../../api/status.ts'
import type { Link } from '../link.ts'
import { conditionLink, idleLink, leaderless, sinkLinks, type Leader } from '../status-links.ts'
import type { Reach } from './reach-endpoint.ts'

/** Conditions in the order of the chain, by what they are to a person; those before the endpoint and those after it. */
const beforeEndpoint = {
  'API key': 'CredentialsValid',
  registration: 'Registered',
  'signing secret': 'SecretAvailable',
  'in sync': 'InSync',
  enabled: 'Enabled',
} as const satisfies Record<string, ConditionType>

/**
 * The whole chain of one object, from its status and from what was seen of its endpoint. `leader`: undefined where it
 * was not asked whether a controller runs. Pure.
 */
export function chainOf(webhook: GeminiWebhook, reach: Reach | undefined, leader?: Leader): Link[] {
  return [
    controllerLink(webhook, leader),
    ...Object.entries(beforeEndpoint).map(([name, type]) => conditionLink(name, conditionOf(webhook, type))),
    ...(reach === undefined ? [] : reachLinks(reach)),
    conditionLink('endpoint proven', conditionOf(webhook, 'EndpointVerified')),
    deliveryLink(webhook),
    ...routingLinks(webhook),
    ...sinkLinks(webhook),
    ...partLinks(webhook),
    ...missedLinks(webhook),
  ]
}

function conditionOf({ status }: GeminiWebhook, type: ConditionType): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

function controllerLink(webhook: GeminiWebhook, leader: Leader | undefined): Link {
  const name = 'controller'
  const nobody = leaderless(leader)
  if (nobody !== undefined) return { name, state: 'Broken', says: nobody }
  const judged = judgeController(webhook)
  if (judged === undefined) return idleLink('has nothing left to do', leader)
  const [state, says] = judged
  const { metadata, status } = webhook
  const isBehind = state === 'Open' && (status?.observedGeneration ?? 0) < metadata.generation
  return { name, state, says, ...(isBehind && { unjudged: true }) }
}

/** undefined: it has nothing left to do. */
function judgeController(webhook: GeminiWebhook): readonly ['Broken' | 'Open', string] | undefined {
  const { metadata, spec, status } = webhook
  if (status?.conditions === undefined)
    return ['Broken', 'no controller has looked at this object: is one running, and does it watch this namespace?']
  const stalled = conditionOf(webhook, 'Stalled')
  if (stalled !== undefined && stalled.reason !== 'Suspended')
    return ['Broken', `${stalled.reason}: ${stalled.message}`]
  if ((status.observedGeneration ?? 0) < metadata.generation)
    return ['Open', 'the latest change of the spec was not looked at yet']
  if (spec.suspend === true) return ['Open', 'spec.suspend is true: no calls to Google are made']
  // By the pause of the installation, which the message names.
  if (stalled !== undefined) return ['Open', stalled.message]
  const reconciling = conditionOf(webhook, 'Reconciling')
  if (reconciling !== undefined) return ['Open', `${reconciling.reason}: ${reconciling.message}`]
  return undefined
}

const reached = ['DNS', 'connection', 'TLS', 'route'] as const

/** Everything before the place where it ended is good, what comes after it is not known. */
function reachLinks({ ends, says }: Reach): Link[] {
  if (ends === 'inCluster')
    return reached.map((name, at) => ({ name, state: 'Open', says: at === 0 ? says : 'not reached' }))
  const broken = ends === 'receiver' ? reached.length : reached.indexOf(ends)
  return reached.map((name, at) => {
    if (at < broken) return { name, state: 'Good', says: 'works from here' }
    return at === broken ? { name, state: 'Broken', says } : { name, state: 'Open', says: 'not reached' }
  })
}

function deliveryLink({ status }: GeminiWebhook): Link {
  const { lastVerifiedTime, refusingSince, pending = 0 } = status?.delivery ?? {}
  const name = 'deliveries'
  if (refusingSince !== undefined)
    return { name, state: 'Broken', says: `genuine deliveries have been refused since ${refusingSince}` }
  const waiting = pending === 0 ? '' : `; ${pending} stored ones have not ended yet`
  if (lastVerifiedTime === undefined) return { name, state: 'Open', says: `none was verified yet${waiting}` }
  return { name, state: 'Good', says: `one was verified at ${lastVerifiedTime}${waiting}` }
}

/**
 * Beside the chain: what backfill did, where it is on, and a time in which deliveries may have been missed. That is
 * past, or what broke is told by its own link, so it breaks nothing.
 */
function missedLinks(webhook: GeminiWebhook): Link[] {
  const gap = conditionOf(webhook, 'DeliveriesComplete')
  const { reason = '', message = '' } = gap ?? {}
  const [state, says] =
    gap?.status === 'True' ? (['Good', message] as const) : (['Open', `${reason}: ${message}`] as const)
  return [...backfillLinks(webhook), ...(gap === undefined ? [] : [{ name: 'missed', state, says }])]
}

function backfillLinks({ spec, status }: GeminiWebhook): Link[] {
  if (spec.backfill === undefined) return []
  const { since, lastTime, lastFound = 0, total = 0, failing } = status?.backfill ?? {}
  const name = 'backfill'
  if (failing !== undefined)
    return [{ name, state: 'Broken', says: `runs fail since ${failing.since}: ${failing.message}` }]
  if (since === undefined || lastTime === undefined)
    return [{ name, state: 'Open', says: 'no batches have been looked through yet' }]
  const grace = spec.backfill.grace ?? backfillDefaults.grace
  const found = total === 0 ? 'nothing was missing' : `${lastFound} found at ${lastTime}, ${total} in all`
  return [
    {
      name,
      state: 'Good',
      says: `batches that ended since ${since} are looked through, ${grace} after their end: ${found}`,
    },
  ]
}

/** What all routes of the webhook need: one more link where no event can be handed on to them. */
function routingLinks({ status }: GeminiWebhook): Link[] {
  const { failingSince, lastFailure = '', pending = 0 } = status?.routes ?? {}
  if (failingSince === undefined) return []
  const says = `SinkFailing: no event is handed on to routes since ${failingSince}: ${lastFailure}; ${pending} pending`
  return [{ name: 'routing', state: 'Broken', says }]
}

/**
 * Links beside the chain: a part of the spec that is ignored, while everything else is done, and that others see the
 * jobs of the same project, and that somebody has webhooks of their own there, which break nothing.
 */
function partLinks(webhook: GeminiWebhook): Link[] {
  const ignored = conditionOf(webhook, 'PartIgnored')
  const shared = conditionOf(webhook, 'ProjectShared')
  const unmanaged = unmanagedIn(webhook)
  return [
    ...(ignored === undefined ? [] : [{ name: 'spec', state: 'Broken', says: ignored.message } as const]),
    ...(shared === undefined ? [] : [{ name: 'project', state: 'Good', says: shared.message } as const]),
    ...(unmanaged === undefined ? [] : [{ name: 'unmanaged', state: 'Good', says: unmanaged } as const]),
  ]
}

/** That there is something to import; undefined where nothing is known of it. */
function unmanagedIn({ metadata: { namespace }, spec, status }: GeminiWebhook): string | undefined {
  const count = status?.project?.unmanagedWebhooks ?? 0
  if (count === 0 || spec.apiKeySecretRef === undefined) return undefined
  const many = count >= mostUnmanagedWebhooks ? `${mostUnmanagedWebhooks} or more` : `${count}`
  const { name, key } = spec.apiKeySecretRef
  const field = key === undefined ? '' : ` --api-key-field=${key}`
  return `webhooks in the same Google project that no GeminiWebhook manages: ${many}; "gwh import ${namespace}/${name}${field}" prints manifests that adopt them`
}
