import type { Admission } from '../admission.ts'
import { InboxUnavailableError } from '../port.ts'
import type { SharedDeps } from './shared-deps.ts'
import { eventBytesOf, problemsOfStream, whyOneByOne, type WantedStream } from './stream-setup.ts'
import type { StreamState } from './stream-store.ts'

export interface StreamWatchDeps extends SharedDeps {
  /** When the stream was made: another time means another stream. */
  readonly created: string
  readonly wanted: WantedStream
}

export interface StreamWatchOptions {
  readonly admission: Admission
  /** Called with the reason when the inbox cannot go on with this stream. */
  readonly onLost: (why: string) => void
}

/** What was found of the stream at the last look: whether it is there, is the same, and can keep the promises. */
export class StreamWatch {
  readonly #deps: StreamWatchDeps
  readonly #options: StreamWatchOptions
  #problems: readonly string[] = []
  #isMissing = false
  #whyOneByOne: string | undefined

  constructor(deps: StreamWatchDeps, options: StreamWatchOptions) {
    this.#deps = deps
    this.#options = options
  }

  get isMissing(): boolean {
    return this.#isMissing
  }

  /** Throws when the stream was found unfit to take events. */
  expectFit(): void {
    const { name } = this.#deps.wanted
    if (this.#problems.length > 0) throw new InboxUnavailableError(unfit(name, this.#problems))
  }

  /** Asks the server, and says what follows to whoever takes events in. Rejects when it does not answer. */
  async look(): Promise<void> {
    const { store, ledger, instruments, clock, created } = this.#deps
    const { admission, onLost } = this.#options
    const readUpTo = ledger.position
    const state = await store.state().catch((error: unknown) => {
      // A server that cannot say anything about the stream stores nothing in it either.
      if (store.isConnected) admission.block('WritesFail')
      throw error
    })
    if (state === undefined) return this.#noteMissing()
    this.#isMissing = false
    if (state.created !== created) return onLost('its stream was deleted and made again; start anew to read it')
    if (state.lastSeq < readUpTo) return onLost('its stream lost its newest messages; start anew to read it')
    ledger.ids.forget(clock.now())
    ledger.rooms.noteUsed(state.bytes)
    instruments.note({
      totals: { ...ledger.totals, idBytes: ledger.ids.bytes, kept: ledger.kept.size },
      largestShares: ledger.rooms.largestShares(),
      oldestPendingMs: ledger.oldestPendingMs(clock.now()),
      usedBytes: state.bytes,
    })
    this.#judgeStream(state)
  }

  /** Found missing twice in a row: a cluster that is just coming up may not know yet what it has. */
  #noteMissing(): void {
    if (this.#isMissing) return this.#options.onLost('its stream was deleted; start anew to make it again')
    this.#isMissing = true
    this.#options.admission.block('StreamMissing')
  }

  /**
   * By hand a stream can be changed at any time, also so that it could not keep the promises of what it acknowledges.
   */
  #judgeStream({ config }: StreamState): void {
    const { wanted, bounds, ledger, logger, instruments } = this.#deps
    const problems = problemsOfStream(config, wanted)
    if (problems.length > 0 && problems.join() !== this.#problems.join()) {
      logger.error({ stream: wanted.name, problems }, 'inbox.stream_unfit')
    }
    this.#problems = problems
    const why = whyOneByOne(config, wanted)
    if (why !== undefined && why !== this.#whyOneByOne) {
      logger.warn({ stream: wanted.name, why }, 'inbox.writes_one_by_one')
    }
    this.#whyOneByOne = why
    bounds.maxBytes = eventBytesOf(config, wanted)
    instruments.budget.set(bounds.maxBytes)
    if (problems.length > 0) this.#options.admission.block('StreamUnfit')
    else if (ledger.rooms.hasRoom) this.#options.admission.clear()
  }
}

function unfit(stream: string, problems: readonly string[]): string {
  return `inbox stream ${stream}: ${problems.join('; ')}. Change it back (nats stream edit); events are taken again soon after`
}
