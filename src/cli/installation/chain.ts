import { describePause, type PauseRecord } from '../../contract/pause-record.ts'
import { timestampToleranceSeconds } from '../../signature/verify.ts'
import type { Link } from '../link.ts'
import type { Reach } from '../webhook/reach-endpoint.ts'

/** Something that was read, or why it could not be: most users may not read everything. */
export type Reading<T> = { value: T } | { unread: string }

interface PodFacts {
  pod: string
  ready: boolean
  image: string
}

/** Who leads the controllers. */
export interface Lease {
  readonly holder: string
  readonly renewedMs: number
  readonly durationMs: number
}

interface ObjectFacts {
  object: string
  ready: boolean
  suspended: boolean
  /** A sink of it takes nothing. */
  sinkFails?: boolean
  /** A route that the owner of its webhook does not allow: theirs to decide, and nothing that is broken. */
  notAllowed?: boolean
}

interface WebhookFacts extends ObjectFacts {
  /** Of the receivers, not of a server of somebody else. */
  url?: string | undefined
}

/** What can be read of an installation. */
export interface InstallationFacts {
  /** undefined: the API server does not know GeminiWebhooks. */
  webhooks: Reading<readonly WebhookFacts[] | undefined>
  /** Set where only the objects of this namespace could be seen. */
  onlyIn?: string
  /** undefined: the API server does not know GeminiRoutes. `onlyIn`: as above. */
  routes: Reading<{ objects: readonly ObjectFacts[]; onlyIn?: string | undefined } | undefined>
  /** undefined: no ConfigMap. */
  installation: Reading<{ id: string; namespaceUid: string } | undefined>
  /** undefined: no such namespace. */
  namespaceUid: Reading<string | undefined>
  lease: Reading<Lease | undefined>
  /** undefined: the installation is not paused. */
  pause: Reading<PauseRecord | undefined>
  receivers: Reading<readonly PodFacts[]>
  controllers: Reading<readonly PodFacts[]>
  /** Receivers that are gone with deliveries on their volumes. */
  stranded: Reading<readonly { pod: string; pending: number }[]>
  orphans: Reading<number>
}

/**
 * A Lease that was not renewed for so long after its end has no holder; clocks here and in the cluster may differ by as
 * much.
 */
const leaseMarginMs = 30_000

/** Somebody holds the Lease and has renewed it lately. */
export function isHeld(lease: Lease | undefined, nowMs: number): boolean {
  if (lease === undefined || lease.holder === '') return false
  return nowMs - lease.renewedMs <= lease.durationMs + leaseMarginMs
}

/** From the API server through the controller to the receivers and what was left behind. Pure. */
export function installationChain(facts: InstallationFacts, namespace: string, nowMs: number): Link[] {
  return [
    crdLink(facts),
    installationLink(facts, namespace),
    podsLink('controllers', facts.controllers),
    leaseLink(facts, nowMs),
    pauseLink(facts, namespace),
    podsLink('receivers', facts.receivers),
    versionLink(facts),
    strandedLink(facts),
    orphansLink(facts),
    objectsLink(facts),
    routesLink(facts),
  ]
}

/** A link about one reading; what could not be read is open. */
function linkAbout<T>(
  name: string,
  reading: Reading<T>,
  judge: (value: T) => readonly [state: Link['state'], says: string],
): Link {
  if ('unread' in reading) return unjudged(name, `could not be read: ${reading.unread}`)
  const [state, says] = judge(reading.value)
  return { name, state, says }
}

function unjudged(name: string, says: string): Link {
  return { name, state: 'Open', says, unjudged: true }
}

function crdLink({ webhooks }: InstallationFacts): Link {
  return linkAbout('CRD', webhooks, (known) =>
    known === undefined
      ? ['Broken', 'the API server does not know GeminiWebhooks: install the CRD']
      : ['Good', 'the API server knows GeminiWebhooks'],
  )
}

function installationLink({ installation, namespaceUid }: InstallationFacts, namespace: string): Link {
  const name = 'installation'
  if ('value' in namespaceUid && namespaceUid.value !== undefined && 'unread' in installation)
    return unjudged(name, `could not be read: ${installation.unread}`)
  return linkAbout(name, namespaceUid, (uid) => {
    if (uid === undefined)
      return ['Broken', `there is no namespace ${namespace}: name that of the operator with --operator-namespace`]
    const value = 'value' in installation ? installation.value : undefined
    if (value === undefined)
      return ['Broken', `namespace ${namespace} has no ConfigMap gwh-installation: no controller has led here yet`]
    if (value.namespaceUid !== uid)
      return [
        'Broken',
        'ConfigMap gwh-installation was made in another cluster: nothing is changed at Google until it is confirmed; the condition Stalled of every object says how',
      ]
    return ['Good', `id ${value.id}`]
  })
}

function podsLink(name: 'controllers' | 'receivers', reading: Reading<readonly PodFacts[]>): Link {
  return linkAbout(name, reading, (pods) => {
    const ready = pods.filter((pod) => pod.ready).map(({ pod }) => pod)
    if (pods.length === 0) return ['Broken', 'there are no pods']
    if (ready.length === 0) return ['Broken', `none of ${pods.length} pods is ready`]
    return ['Good', `${ready.length} of ${pods.length} ready: ${ready.join(', ')}`]
  })
}

function leaseLink({ lease }: InstallationFacts, nowMs: number): Link {
  return linkAbout('leader', lease, (held) => {
    if (held === undefined || held.holder === '')
      return ['Broken', 'no controller leads: nothing is registered, rotated or repaired']
    if (isHeld(held, nowMs)) return ['Good', `${held.holder} leads`]
    return ['Broken', `${held.holder} has not renewed its Lease for ${Math.round((nowMs - held.renewedMs) / 1000)} s`]
  })
}

/** Nothing is broken: somebody wanted it. It is open until it ends. */
function pauseLink({ pause, webhooks }: InstallationFacts, namespace: string): Link {
  return linkAbout('pause', pause, (record) => {
    if (record === undefined) return ['Good', 'the installation is not paused']
    const all = 'value' in webhooks ? (webhooks.value ?? []) : []
    const shown = all.filter(({ suspended }) => suspended).length
    return ['Open', `${describePause(record, namespace)}; ${shown} of ${all.length} GeminiWebhooks show it`]
  })
}

/** An upgrade that has not ended works, but not for ever. */
function versionLink({ controllers, receivers }: InstallationFacts): Link {
  return linkAbout('versions', 'unread' in controllers ? controllers : receivers, () => {
    const pods = [controllers, receivers].flatMap((reading) => ('value' in reading ? reading.value : []))
    const images = [...new Set(pods.map(({ image }) => image))]
    if (images.length > 1) return ['Open', `several images run: ${images.join(', ')}: finish the upgrade`]
    return images[0] === undefined ? ['Open', 'nothing runs'] : ['Good', images[0]]
  })
}

function strandedLink({ stranded }: InstallationFacts): Link {
  return linkAbout('inboxes', stranded, (inboxes) => {
    if (inboxes.length === 0) return ['Good', 'none was left behind with deliveries in it']
    const pods = inboxes.map(({ pod, pending }) => `${pod} (${pending})`).join(', ')
    return ['Broken', `deliveries wait on volumes of receivers that are gone: ${pods}: scale up again`]
  })
}

function orphansLink({ orphans }: InstallationFacts): Link {
  return linkAbout('orphans', orphans, (count) =>
    count === 0
      ? ['Good', 'no webhook was left at Google']
      : ['Broken', `webhooks were left at Google: ${count}; "gwh orphans" lists them`],
  )
}

/** One public URL for each host that the receivers are reached at, at most as many as are tried. Pure. */
export function addressesIn({ webhooks }: InstallationFacts): string[] {
  const known = 'value' in webhooks ? (webhooks.value ?? []) : []
  const urls = known.flatMap(({ url }) => (url === undefined ? [] : [url]))
  return [...new Map(urls.map((url) => [new URL(url).host, url])).values()].slice(0, maxAddresses)
}

/** How far a request from here came on the way to a receiver. Pure. */
export function addressLink(url: string, { ends, says }: Reach): Link {
  const name = `address ${new URL(url).host}`
  if (ends === 'receiver') return { name, state: 'Good', says }
  return ends === 'inCluster' ? { name, state: 'Open', says } : { name, state: 'Broken', says: `${ends}: ${says}` }
}

/** How far this machine's clock is from that of the API server, which said so with its answers. Pure. */
export function clockLink(skewMs: number | undefined): Link {
  const name = 'clock'
  if (skewMs === undefined) return unjudged(name, 'the API server did not say what time it is')
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  if (seconds <= timestampToleranceSeconds)
    return { name, state: 'Good', says: `this machine and the API server agree within ${seconds} s` }
  const way = skewMs > 0 ? 'behind' : 'ahead of'
  const says = `this machine is ${seconds} s ${way} the API server, and signatures are good for ${timestampToleranceSeconds} s: set the clock that is wrong`
  return { name, state: 'Broken', says }
}

type PingOutcome = 'unseen' | { readonly why: string } | { readonly seen: { readonly pod: string } | undefined }

/** What became of the test delivery. Pure. */
export function pingLink(outcome: PingOutcome, waitMs: number): Link {
  const name = 'ping'
  if (outcome === 'unseen')
    return { name, state: 'Open', says: 'asked for; what arrives at a server of your own cannot be seen from here' }
  if ('why' in outcome) return unjudged(name, `could not be tried: ${outcome.why}`)
  const { seen } = outcome
  if (seen !== undefined)
    return { name, state: 'Good', says: `a test delivery of Google came to ${seen.pod} and was verified` }
  return {
    name,
    state: 'Broken',
    says: `Google took the order, and nothing that is verified came in ${waitMs / 1000} s`,
  }
}

const maxAddresses = 5
const namedObjects = 5

function objectsLink({ webhooks, onlyIn }: InstallationFacts): Link {
  const name = 'objects'
  if ('value' in webhooks && webhooks.value === undefined)
    return unjudged(name, 'without a CRD there are none to look at')
  const link = linkAbout(name, webhooks, (all = []) => judgeObjects('GeminiWebhooks', all))
  return withScope(link, onlyIn)
}

function routesLink({ routes }: InstallationFacts): Link {
  const link = linkAbout('routes', routes, (known) =>
    known === undefined
      ? ['Broken', 'the API server does not know GeminiRoutes: install the CRD']
      : judgeObjects('GeminiRoutes', known.objects),
  )
  return withScope(link, 'value' in routes ? routes.value?.onlyIn : undefined)
}

function judgeObjects(kinds: string, all: readonly ObjectFacts[]): readonly [Link['state'], string] {
  const isRefused = ({ notAllowed }: ObjectFacts) => notAllowed === true
  const refused = all.filter(isRefused).map(({ object }) => object)
  const told =
    refused.length === 0 ? '' : `; not allowed by the owner of their webhook: ${refused.length}: ${named(refused)}`
  const judged = all.filter((each) => !isRefused(each))
  const count = (objects: readonly string[]) => `${objects.length} of ${all.length} ${kinds}: ${named(objects)}`
  const unwell = judged.filter(({ ready, suspended }) => !ready && !suspended).map(({ object }) => object)
  if (unwell.length > 0) return ['Broken', `not Ready: ${count(unwell)}: "gwh status -A" tells why${told}`]
  const failing = judged.filter(({ sinkFails }) => sinkFails === true).map(({ object }) => object)
  if (failing.length > 0)
    return ['Broken', `with a sink that takes nothing: ${count(failing)}: "gwh status -A" tells which${told}`]
  const others = refused.length === 0 ? 'all' : 'the others'
  return ['Good', `${kinds}: ${all.length}, ${others} Ready or suspended${told}`]
}

/** Those of one namespace that are well say nothing about the others. */
function withScope(link: Link, onlyIn: string | undefined): Link {
  if (onlyIn === undefined || link.state !== 'Good') return link
  return unjudged(link.name, `only those of namespace ${onlyIn} could be listed: ${link.says}`)
}

function named(objects: readonly string[]): string {
  return [...objects.slice(0, namedObjects), ...(objects.length > namedObjects ? ['...'] : [])].join(', ')
}
