import type { ResolvedSink } from '../contract/keyring/entry.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

/**
 * Why a delivery has no sink now. `notSynced` and `held` pass: the directory gets read, the fault gets mended; the
 * others are for good.
 */
export type ResolvedDestination = ResolvedSink | 'ownerGone' | 'sinkRemoved' | 'held' | 'notSynced'

/**
 * Today's form of a sink, asked for at each attempt. An object counts as gone only when its keyring Secret was read
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
