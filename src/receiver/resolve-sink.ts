import type { KeyringEntry, ResolvedSink } from '../contract/keyring/entry.ts'
import { routesSinkName } from '../contract/route-owner.ts'
import { routesSink } from '../routes/routes-sink.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

type WithoutSink = 'ownerGone' | 'sinkRemoved' | 'routeRefused' | 'held' | 'suspended' | 'notSynced'

/**
 * Why a delivery has no sink now. `notSynced`, `held` and `suspended` are temporary: the directory will be read, the
 * fault corrected, the route or the sink goes on; the others are final.
 */
export type ResolvedDestination = ResolvedSink | typeof routesSink | WithoutSink

/**
 * The current form of a sink, resolved at each attempt. An object counts as gone only when its keyring Secret was read
 * without it. Events are handed on to routes only once all routes are known, and to the sinks of a route once its entry
 * was read.
 */
export function resolveSink(
  directory: Pick<EndpointDirectory, 'entryOf' | 'isGone' | 'isRead' | 'isSynced'>,
  ownerUid: string,
  sinkName: string,
): ResolvedDestination {
  const entry = directory.entryOf(ownerUid)
  if (entry === undefined) return directory.isGone(ownerUid) ? 'ownerGone' : 'notSynced'
  if (sinkName === routesSinkName) return directory.isSynced ? routesSink : 'notSynced'
  // A mounted entry may be from before consent was withdrawn.
  if (entry.route !== undefined && !directory.isRead(ownerUid)) return 'notSynced'
  if (entry.route?.refused === true) return 'routeRefused'
  if (entry.route?.suspended === true) return 'suspended'
  if (suspensionOf(entry, sinkName)?.suspended === true) return 'suspended'
  if (entry.heldSinks?.includes(sinkName) === true) return 'held'
  const sink = entry.sinks.find(({ name }) => name === sinkName)
  return sink === undefined ? 'sinkRemoved' : asResumed(sink, entry)
}

function suspensionOf({ suspensions }: KeyringEntry, sinkName: string) {
  return suspensions?.find(({ sink }) => sink === sinkName)
}

/** The later one counts: until then the deliveries stood still, for whichever of the two. */
function asResumed(sink: ResolvedSink, entry: KeyringEntry): ResolvedSink | typeof routesSink {
  const times = [entry.route, suspensionOf(entry, sink.name)].map((each) => Date.parse(each?.resumedTime ?? ''))
  const retryFromMs = Math.max(...times.filter((time) => !Number.isNaN(time)))
  return Number.isFinite(retryFromMs) ? { ...sink, delivery: { ...sink.delivery, retryFromMs } } : sink
}
