import type { GoogleGenAI } from '@google/genai'

import { canonicalJobId } from './batch-job.ts'
import { CreationOrder } from './creation-order.ts'
import type { BatchService, EndedBatch, EndedBatches, EndedBatchesQuery } from './batch-service.ts'
import { badAnswer, isTooLarge } from './gemini-failure.ts'
import type { Call } from './google-call.ts'
import { readBatch } from './read-batch.ts'
import type { NoteUnknown } from './unknown-forms.ts'

/** Of one project, whatever their state. */
const maxBatches = 10_000
/** Bounds a list of empty pages. */
const maxPages = 1_000
/**
 * Much smaller than the memory for one page allows, because the list may repeat what each batch was asked and
 * answered.
 */
const firstPageSize = 100
/** By how much a page shrinks that is too large to be read. */
const shrinkBy = 10
const maxUnknownStates = 10

type Batches = Pick<GoogleGenAI['batches'], 'list'>

interface Page {
  batches: readonly unknown[]
  nextToken: string
}

/**
 * The batches of a project, whose client is opened with the first call. `onUnknown` is told once a list of each state
 * that this version does not know, and once of batches that cannot be read.
 */
export function bindBatches(open: () => Batches, call: Call, onUnknown?: NoteUnknown): BatchService {
  function told(batches: EndedBatches): EndedBatches {
    for (const name of batches.unknownStates) onUnknown?.({ what: 'BatchState', name })
    if (batches.unreadable > 0) onUnknown?.({ what: 'BatchField' })
    return batches
  }

  /** Undefined: the page is too large to be read. */
  async function readPage(token: string, pageSize: number, signal: AbortSignal | undefined): Promise<Page | undefined> {
    const pager = await call('listBatches', signal, ({ signal: abortSignal }) => {
      const config = { pageSize, ...(token !== '' && { pageToken: token }), abortSignal }
      return open()
        .list({ config })
        .catch((error: unknown) => {
          if (isTooLarge(error) && pageSize > 1) return undefined
          throw error
        })
    })
    if (pager === undefined) return undefined
    // What the SDK promises of it is what the service sent.
    const batches: unknown = pager.page
    const nextToken: unknown = pager.params.config?.pageToken ?? ''
    if (!Array.isArray(batches) || typeof nextToken !== 'string') throw badAnswer('listBatches', 'a list of batches')
    return { batches, nextToken }
  }

  return {
    async listEndedBatches({ endedAfterMs, signal }: EndedBatchesQuery) {
      const found = new EndedBatchesFound(endedAfterMs)
      const order = new CreationOrder()
      const tokens = new Set<string>()
      let pageSize = firstPageSize
      for (let token = ''; ;) {
        const page = await readPage(token, pageSize, signal)
        if (page === undefined) {
          pageSize = Math.ceil(pageSize / shrinkBy)
          continue
        }
        for (const shown of page.batches) {
          order.take(shown)
          found.take(shown)
        }
        token = page.nextToken
        if (token === '' || order.isPast(endedAfterMs)) return told(found.all(true))
        if (tokens.has(token)) throw badAnswer('listBatches', 'an end: the pages repeat')
        tokens.add(token)
        if (found.seen >= maxBatches || tokens.size >= maxPages) return told(found.all(false))
      }
    },
  }
}

/** What the pages bring. */
class EndedBatchesFound {
  readonly #endedAfterMs: number
  /** By job, because pages that shift show one batch twice. */
  readonly #ended = new Map<string, EndedBatch>()
  readonly #unknownStates = new Set<string>()
  #unreadable = 0
  /** Batches that were looked at. */
  seen = 0

  constructor(endedAfterMs: number) {
    this.#endedAfterMs = endedAfterMs
  }

  take(shown: unknown): void {
    this.seen += 1
    const read = readBatch(shown)
    if (read.state === 'unreadable') this.#unreadable += 1
    else if (read.state === 'unknown') {
      if (this.#unknownStates.size < maxUnknownStates) this.#unknownStates.add(read.name)
    } else if (read.state === 'ended' && read.batch.endedAtMs >= this.#endedAfterMs) {
      const job = canonicalJobId(read.batch.id)
      if (!this.#ended.has(job)) this.#ended.set(job, read.batch)
    }
  }

  all(isWhole: boolean): EndedBatches {
    return {
      jobs: [...this.#ended.values()],
      unknownStates: [...this.#unknownStates],
      unreadable: this.#unreadable,
      isWhole,
    }
  }
}
