import type { ResolvedSink } from '../keyring/entry.ts'
import type { EndpointDirectory } from '../receiver/endpoint-directory.ts'

/** Why a delivery has no sink now: `notSynced` may change by itself, the others only by people. */
export type ResolvedDestination = ResolvedSink | 'ownerGone' | 'sinkRemoved' | 'notSynced'

/** Today's form of a sink, asked for at each attempt. An object counts as gone only when everything has been read and it was not there. */
export function resolveSink(
  directory: Pick<EndpointDirectory, 'entryOf' | 'isSynced'>,
  ownerUid: string,
  sinkName: string,
): ResolvedDestination {
  const entry = directory.entryOf(ownerUid)
  if (entry === undefined) return directory.isSynced ? 'ownerGone' : 'notSynced'
  return entry.sinks.find((sink) => sink.name === sinkName) ?? 'sinkRemoved'
}
