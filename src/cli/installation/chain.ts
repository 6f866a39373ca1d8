import type { Link } from '../link.ts'

/** Something that was read, or why it could not be: most users may not read everything. */
export type Reading<T> = { value: T } | { unread: string }

interface PodFacts {
  pod: string
  ready: boolean
  image: string
}

interface ObjectFacts {
  object: string
  ready: boolean
  suspended: boolean
  /** A sink of it takes nothing. */
  sinkFails?: boolean
}

/** What can be read of an installation. */
export interface InstallationFacts {
  /** undefined: the API server does not know GeminiWebhooks. */
  webhooks: Reading<readonly ObjectFacts[] | undefined>
  /** Set where only the objects of this namespace could be seen. */
  onlyIn?: string
  /** undefined: no ConfigMap. */
  installation: Reading<{ id: string; namespaceUid: string } | undefined>
  /** undefined: no such namespace. */
  namespaceUid: Reading<string | undefined>
  lease: Reading<{ holder: string; renewedMs: number; durationMs: number } | undefined>
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

/** From the API server through the controller to the receivers and what was left behind. Pure. */
export function installationChain(facts: InstallationFacts, namespace: string, nowMs: number): Link[] {
  return [
    crdLink(facts),
    installationLink(facts, namespace),
    podsLink('controllers', facts.controllers),
    leaseLink(facts, nowMs),
    podsLink('receivers', facts.receivers),
    versionLink(facts),
    strandedLink(facts),
    orphansLink(facts),
    objectsLink(facts),
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
    const silentMs = nowMs - held.renewedMs
    if (silentMs > held.durationMs + leaseMarginMs)
      return ['Broken', `${held.holder} has not renewed its Lease for ${Math.round(silentMs / 1000)} s`]
    return ['Good', `${held.holder} leads`]
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

const namedObjects = 5

function objectsLink({ webhooks, onlyIn }: InstallationFacts): Link {
  const name = 'objects'
  if ('value' in webhooks && webhooks.value === undefined)
    return unjudged(name, 'without a CRD there are none to look at')
  const link = linkAbout(name, webhooks, (all = []) => {
    const unwell = all.filter(({ ready, suspended }) => !ready && !suspended).map(({ object }) => object)
    const count = (objects: readonly string[]) => `${objects.length} of ${all.length} GeminiWebhooks: ${named(objects)}`
    if (unwell.length > 0) return ['Broken', `not Ready: ${count(unwell)}: "gwh status" tells why`]
    const failing = all.filter(({ sinkFails }) => sinkFails === true).map(({ object }) => object)
    if (failing.length > 0)
      return ['Broken', `with a sink that takes nothing: ${count(failing)}: "gwh status" tells which`]
    return ['Good', `GeminiWebhooks: ${all.length}, all Ready or suspended`]
  })
  if (onlyIn === undefined || link.state !== 'Good') return link
  return unjudged(name, `only those of namespace ${onlyIn} could be listed: ${link.says}`)
}

function named(objects: readonly string[]): string {
  return [...objects.slice(0, namedObjects), ...(objects.length > namedObjects ? ['...'] : [])].join(', ')
}
