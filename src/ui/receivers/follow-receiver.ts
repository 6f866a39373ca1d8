import type { ReceiverPod } from '../../cli/deliveries/receivers.ts'
import type { DeliveryEntry } from '../../contract/admin-api/deliveries.ts'
import type { FeedJoin } from './feed-join.ts'

/** More than a receiver remembers. */
const everything = 5_000
/** So many of a sort mean that older ones were displaced. */
const remembered = 1_000

interface Following {
  readonly join: FeedJoin
  /** Ends it. */
  readonly signal: AbortSignal
  /** The only namespace of interest; undefined: all. */
  readonly onlyNamespace: string | undefined
  /** What happens from now on is heard, and what was before is known as far as it goes. */
  readonly onConnected: () => void
  /** Of what came before that moment (RFC 3339) some is not known. */
  readonly onGap: (before: string) => void
}

/**
 * Passes on what a receiver remembers and then what it streams, until the stream ends. Throws when it cannot be asked
 * or says what is not understood.
 */
export async function followReceiver({ admin }: ReceiverPod, following: Following): Promise<void> {
  const { join, signal, onlyNamespace, onConnected, onGap } = following
  const scope = onlyNamespace === undefined ? {} : { namespace: onlyNamespace }
  const early: DeliveryEntry[] = []
  let isJoined = false
  const opened = Promise.withResolvers<void>()
  const take = (entry: DeliveryEntry) => {
    if (signal.aborted) return
    if (isJoined) join.add(entry)
    else early.push(entry)
  }
  const stream = admin.follow(scope, take, { onOpen: opened.resolve, signal })
  stream.catch(opened.reject)
  await opened.promise
  const before = join.lastAt
  const { deliveries } = await Promise.race([
    admin.ask('listRecent', { ...scope, limit: everything }),
    stream.then(() => Promise.reject(new Error('the stream ended'))),
  ])
  const gap = gapBefore(deliveries)
  if (gap !== undefined && gap > before) onGap(gap)
  join.addRemembered(deliveries.toReversed())
  join.addRemembered(early)
  isJoined = true
  onConnected()
  await stream
}

/** Newest first. The time before which older ones were displaced, of the sort where that is latest. */
function gapBefore(deliveries: readonly DeliveryEntry[]): string | undefined {
  const steps = deliveries.filter(({ kind }) => kind === 'step')
  const genuine = deliveries.filter(({ kind, eventId }) => kind === 'request' && eventId !== undefined)
  const oldest = [steps, genuine].filter(({ length }) => length >= remembered).map((sort) => sort.at(-1)?.at ?? '')
  return oldest.toSorted().at(-1)
}
