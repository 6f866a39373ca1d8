import type { Clock } from '../clock.ts'
import { routeOwnerName } from '../contract/route-owner.ts'
import { sinkNamesOf } from '../contract/keyring/sink-names.ts'
import { InboxUnavailableError, type AppendResult, type Inbox, type NewEvent } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import type { CounterHandle, Metrics } from '../observability/metrics.ts'
import { unsendable, type SendOutcome, type Sink } from '../sinks/port.ts'
import { unreachable } from '../unreachable.ts'
import type { AttachedRoute } from './attached-route.ts'
import type { RouteIndex } from './route-index.ts'

export interface RoutingSinkOptions {
  /** The routes of a webhook as they stand now. */
  readonly indexOf: (webhookUid: string) => RouteIndex
  /** Of an event, as filters compare it. Must not throw. */
  readonly typeOf: (event: NewEvent) => string
  /** Stores a copy, by the promises of an inbox. */
  readonly append: (event: NewEvent) => Promise<AppendResult>
  readonly inbox: Pick<Inbox, 'appendGivenUp'>
  /** Called with each copy that found its route full; must not throw. */
  readonly onFull: (copy: NewEvent) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Copies of one event that are stored at once share a write: so many, as far as their bodies are no more than this. */
const mostAtOnce = 128
const bytesAtOnce = 4 * 1024 * 1024

/**
 * The routing step: each route of the event's webhook that it matches gets a copy, which is the route's own from then
 * on. Storing is idempotent, so that a step that was cut off anywhere is repeated and folds. It succeeds once every
 * copy is durable; a route that is full keeps its copy as a dead letter, after all others have theirs.
 */
export function createRoutingSink(options: RoutingSinkOptions): Sink {
  const full = options.metrics.counter({
    name: 'gwh_route_full_total',
    help: 'Events that became dead letters of a route at once, because it has used up its share of the inbox.',
    labels: ['route_namespace'],
  })
  return {
    send: ({ event, sink, trace }, signal) =>
      sink.destination.type === 'routes'
        ? route(trace === undefined ? event : { ...event, trace }, sink.delivery.timeoutMs, signal, {
            ...options,
            full,
          })
        : Promise.resolve({ type: 'permanent', cause: unsendable }),
    close: () => Promise.resolve(),
  }
}

type StepDeps = RoutingSinkOptions & { full: CounterHandle }

/** Why a step has to be repeated. */
type Obstacle = 'inboxFull' | 'inboxUnavailable' | 'fault' | 'cancelled' | 'timeout'

/** What became of one copy; `ownerFull`: nothing was kept yet; `ownerBusy`: nor was it, and later it may be. */
type Kept = 'kept' | 'ownerFull' | 'ownerBusy' | Obstacle

async function route(event: NewEvent, timeoutMs: number, signal: AbortSignal, deps: StepDeps): Promise<SendOutcome> {
  const { indexOf, typeOf, clock } = deps
  const untilMs = clock.monotonic() + timeoutMs
  const obstacle = () => (signal.aborted ? 'cancelled' : clock.monotonic() >= untilMs ? 'timeout' : undefined)
  const copies = indexOf(event.owner.uid)
    .matching(event, typeOf(event))
    .map((attached) => copyFor(attached, event))
  const stored = await inRounds(copies, { keep: store, obstacle }, deps)
  // Last, because it costs more: routes that are full keep no other waiting.
  const ended = stored.type === 'ended' ? await inRounds(stored.full, { keep: giveUp, obstacle }, deps) : stored
  return ended.type === 'ended' ? { type: 'delivered' } : ended
}

interface Rounds {
  readonly keep: (copy: NewEvent, deps: StepDeps) => Promise<Kept>
  /** Why no other round may begin. */
  readonly obstacle: () => Obstacle | undefined
}

type RoundsEnd = { type: 'ended'; full: NewEvent[] } | { type: 'retryable'; cause: Obstacle }

/**
 * Keeps the copies of one event. What one route cannot have now keeps no other from its copy, however many of it come
 * before; where the inbox takes nothing, no other round begins.
 */
async function inRounds(copies: readonly NewEvent[], { keep, obstacle }: Rounds, deps: StepDeps): Promise<RoundsEnd> {
  const full: NewEvent[] = []
  let left: 'inboxUnavailable' | 'fault' | undefined
  const bodyBytes = copies[0]?.body.length ?? 0
  const atOnce = Math.min(mostAtOnce, Math.ceil(bytesAtOnce / Math.max(bodyBytes, 1)))
  for (let at = 0; at < copies.length; at += atOnce) {
    const before = obstacle()
    if (before !== undefined) return { type: 'retryable', cause: before }
    const round = copies.slice(at, at + atOnce)
    const ends = await Promise.all(round.map(async (copy) => ({ copy, kept: await guarded(copy, keep, deps) })))
    for (const { copy, kept } of ends) {
      if (kept === 'ownerFull') full.push(copy)
      else if (kept === 'ownerBusy') left ??= 'inboxUnavailable'
      else if (kept === 'fault') left ??= kept
      else if (kept !== 'kept') return { type: 'retryable', cause: kept }
    }
  }
  return left === undefined ? { type: 'ended', full } : { type: 'retryable', cause: left }
}

/**
 * What Google sent, as it came, in the same trace: of the route, for the sinks that it has now. Recognised by its id:
 * what its webhook recognises it by has been asked already.
 */
function copyFor(attached: AttachedRoute, event: NewEvent): NewEvent {
  const { uid, namespace, name } = attached
  const { dedupe: _, ...sent } = event
  return { ...sent, owner: { uid, namespace, name: routeOwnerName(name) }, sinks: sinkNamesOf(attached) }
}

async function store(copy: NewEvent, { append }: StepDeps): Promise<Kept> {
  const appended = await append(copy)
  switch (appended) {
    case 'stored':
    case 'duplicate':
      return 'kept'
    case 'ownerBusy':
    case 'ownerFull':
    case 'inboxFull':
      return appended
    default:
      return unreachable(appended)
  }
}

async function giveUp(copy: NewEvent, { inbox, onFull, full }: StepDeps): Promise<Kept> {
  const givenUp = await inbox.appendGivenUp(copy, 'RouteFull')
  switch (givenUp) {
    case 'stored':
    case 'dropped':
      full.add(1, { route_namespace: copy.owner.namespace })
      onFull(copy)
      return 'kept'
    case 'duplicate':
      return 'kept'
    case 'full':
      return 'inboxFull'
    default:
      return unreachable(givenUp)
  }
}

async function guarded(copy: NewEvent, keep: Rounds['keep'], deps: StepDeps): Promise<Kept> {
  try {
    return await keep(copy, deps)
  } catch (error) {
    if (error instanceof InboxUnavailableError) return 'inboxUnavailable'
    const { namespace, name } = copy.owner
    deps.logger.error({ error, namespace, name, eventId: copy.eventId }, 'route.fault')
    return 'fault'
  }
}
