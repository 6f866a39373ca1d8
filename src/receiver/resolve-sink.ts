import type { ResolvedSink } from '../contract/keyring/entry.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

/**
 * Why a delivery has no sink now. `notSynced` and `held` are temporary: the directory will be read, the fault
 * corrected; the others are final.
 */
export type ResolvedDestination = ResolvedSink | 'ownerGone' | 'sinkRemoved' | 'held' | 'notSynced'

/**
 * The current form of a sink, resolved at each attempt. An object counts as gone only when its keyring Secret was read
 * without it.
 */
export function resolveSink(
  directory: Pick<EndpointDirectory, 'entryOf' | 'isGone'>,
  ownerUid: string,
  sinkName: string,
): ResolvedDestination {
  const entry = directory.entryOf(ownerUid)
  if (entry === undefined) return directory.isGone(ownerUid) ? 'ownerGone' : 'notSynced'
  if (entry.heldSinks?.includes(sinkName) === true) return 'held'
  return entry.sinks.find((sink) => sink.name === sinkName) ?? 'sinkRemoved'
}
