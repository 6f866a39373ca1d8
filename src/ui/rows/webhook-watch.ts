import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import type { VisibleWebhooks } from '../../cli/visible-webhooks.ts'
import type { Clock } from '../../clock.ts'
import type { ApiServerState, PageMessage } from '../../contract/page/messages.ts'
import { healths, type Health, type WebhookKey, type WebhookRow } from '../../contract/page/overview.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { ListWatch, type ListWatchFailure } from '../../kubernetes/list-watch.ts'
import type { Topic } from '../server/streams.ts'
import { rowOf } from './row-of.ts'

interface WebhookWatchDeps {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly random: () => number
  /** Whose objects alone are shown; undefined: all. */
  readonly namespace: string | undefined
  /** The namespace of the kubeconfig's context: shown alone where the user may not list those of the whole cluster. */
  readonly ownNamespace: string
}

interface Seen {
  readonly webhook: GeminiWebhook
  readonly row: WebhookRow
}

/** Rows in one message: what a browser takes in without a pause that is felt. */
const rowsInMessage = 250
/** Bookmarks come about every minute. */
const idleLimitMs = 150_000

/** The GeminiWebhooks that the user may see, as rows, from one list-watch as that user. Survives every error. */
export class WebhookWatch {
  readonly #deps: WebhookWatchDeps
  readonly #seen = new Map<string, Seen>()
  readonly #stopping = new AbortController()
  readonly #settled = Promise.withResolvers<void>()
  #changed = new Set<string>()
  #mustStartAnew = false
  #isListed = false
  #scopeEnd = new AbortController()
  #onlyNamespace: string | undefined
  #state: ApiServerState = { state: 'Connecting' }

  constructor(deps: WebhookWatchDeps) {
    this.#deps = deps
    this.#onlyNamespace = deps.namespace
  }

  /** The only namespace whose objects are shown; undefined: all. */
  get onlyNamespace(): string | undefined {
    return this.#onlyNamespace
  }

  get state(): ApiServerState {
    return this.#state
  }

  /** Whether the objects have been listed: until then, one that is not here may exist. */
  get isListed(): boolean {
    return this.#isListed
  }

  /** Resolves once it is known what may be listed, or that this cannot be known now; and when it is stopped. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Runs until `stop`; call once. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#scopeEnd = new AbortController()
      const signal = AbortSignal.any([this.#stopping.signal, this.#scopeEnd.signal])
      await this.#listWatch().run(signal)
    }
  }

  stop(): void {
    this.#stopping.abort()
    this.#settled.resolve()
  }

  get({ namespace, name }: WebhookKey): GeminiWebhook | undefined {
    return this.#seen.get(`${namespace}/${name}`)?.webhook
  }

  /** For who would list them otherwise: how they can be had instead, while the watch is in step. */
  visible(): { visible?: () => Promise<VisibleWebhooks> } {
    if (this.#state.state !== 'Connected') return {}
    const items = [...this.#seen.values()].map(({ webhook }) => webhook)
    const only = this.#onlyNamespace
    return { visible: () => Promise.resolve(only === undefined ? { items } : { items, onlyIn: only }) }
  }

  /** How many there are of each health, and what waits at their sinks. */
  sums(): { counts: Record<Health, number>; total: number; pending: number; deadLetters: number } {
    const counts = Object.fromEntries(healths.map((health) => [health, 0])) as Record<Health, number>
    let [pending, deadLetters] = [0, 0]
    for (const { row } of this.#seen.values()) {
      counts[row.health] += 1
      pending += row.pending
      deadLetters += row.deadLetters
    }
    return { counts, total: this.#seen.size, pending, deadLetters }
  }

  /** For the pages. */
  topic(): Topic {
    return { all: () => this.#allRows(), changes: () => this.#changedRows() }
  }

  #listWatch(): ListWatch<GeminiWebhook & { metadata: { resourceVersion: string } }> {
    const { client, clock, random } = this.#deps
    const scope = this.#onlyNamespace === undefined ? {} : { namespace: this.#onlyNamespace }
    return new ListWatch({
      client,
      kind: geminiWebhookKind,
      scope,
      clock,
      random,
      idleLimitMs,
      keep: withoutManagedFields,
      sink: {
        replaceAll: (webhooks) => this.#replaceAll(webhooks),
        changed: (type, webhook) => {
          if (type === 'DELETED') this.#remove(idOf(webhook))
          else this.#put(withoutManagedFields(webhook))
        },
        alive: () => this.#turn({ state: 'Connected' }),
        opened: () => this.#turn({ state: 'Connected' }),
        failed: (failure) => this.#failed(failure),
      },
    })
  }

  #turn(state: ApiServerState): void {
    this.#state = state
    this.#settled.resolve()
  }

  #replaceAll(webhooks: readonly GeminiWebhook[]): void {
    const listed = new Set(webhooks.map(idOf))
    for (const id of this.#seen.keys()) if (!listed.has(id)) this.#remove(id)
    for (const webhook of webhooks) {
      const known = this.#seen.get(idOf(webhook))?.row.version
      if (known !== webhook.metadata.resourceVersion) this.#put(webhook)
    }
    this.#mustStartAnew = true
    this.#isListed = true
  }

  #put(webhook: GeminiWebhook): void {
    const row = rowOf(webhook)
    this.#seen.set(row.id, { webhook, row })
    this.#changed.add(row.id)
  }

  #remove(id: string): void {
    if (this.#seen.delete(id)) this.#changed.add(id)
  }

  #failed({ phase, status, message }: ListWatchFailure): void {
    if (phase === 'list' && status === 403) {
      if (this.#onlyNamespace === undefined) {
        this.#onlyNamespace = this.#deps.ownNamespace
        this.#scopeEnd.abort()
      } else {
        this.#turn({ state: 'Forbidden', missing: [`list geminiwebhooks in namespace ${this.#onlyNamespace}`] })
      }
    } else if (phase === 'list' && status === 404) this.#turn({ state: 'NoCRD' })
    // Watches end and versions get old all the time.
    else if (status !== 410) {
      const sinceMs = this.#state.state === 'Away' ? this.#state.sinceMs : this.#deps.clock.now()
      this.#turn({ state: 'Away', why: message, sinceMs })
    }
  }

  #allRows(): PageMessage[] {
    const rows = [...this.#seen.values()].map(({ row }) => row)
    return rowMessages(rows, [], { isStart: true, isComplete: this.#isListed })
  }

  #changedRows(): PageMessage[] {
    if (this.#changed.size === 0 && !this.#mustStartAnew) return []
    const ids = [...this.#changed]
    this.#changed = new Set()
    const isComplete = this.#mustStartAnew
    this.#mustStartAnew = false
    const rows = ids.flatMap((id) => this.#seen.get(id)?.row ?? [])
    const removed = ids.filter((id) => !this.#seen.has(id))
    return rowMessages(rows, removed, { isStart: false, isComplete })
  }
}

/** Pure: in pieces; the first starts the list, the last completes it, where they are to. */
function rowMessages(
  rows: readonly WebhookRow[],
  removed: readonly string[],
  { isStart, isComplete }: { isStart: boolean; isComplete: boolean },
): PageMessage[] {
  const pieces = Math.max(1, Math.ceil(rows.length / rowsInMessage))
  return Array.from({ length: pieces }, (_, at) => ({
    type: 'rows',
    ...(isStart && at === 0 && { isStart: true as const }),
    ...(isComplete && at === pieces - 1 && { isComplete: true as const }),
    changed: rows.slice(at * rowsInMessage, (at + 1) * rowsInMessage),
    removed: at === 0 ? removed : [],
  }))
}

function idOf({ metadata: { namespace, name } }: GeminiWebhook): string {
  return `${namespace}/${name}`
}

function withoutManagedFields<W extends GeminiWebhook>(webhook: W): W {
  const { managedFields: _, ...metadata } = webhook.metadata
  return { ...webhook, metadata }
}
