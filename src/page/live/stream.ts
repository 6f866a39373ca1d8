import { batch } from '@preact/signals'

import { pageAddresses } from '../../contract/page/addresses.ts'
import type { PageMessage } from '../../contract/page/messages.ts'
import { applyEntries } from './entries.ts'
import { setNow } from './now.ts'
import { applyRows } from './rows.ts'
import * as state from './state.ts'

/** Between two tries of a stream that the browser has given up. */
const retryMs = 2_000

/** What has arrived is shown at once, but no more often than this: drawing costs more than reading. */
const showEveryMs = 250

/**
 * Follows the server's stream for as long as the page is open. The browser itself connects again after an interruption;
 * what it gives up (an answer that is no stream) is tried again here, unless the server refuses this page.
 */
export function followStream(): void {
  const source = new EventSource(pageAddresses.stream)
  const queue = new Queue(showAll)
  source.addEventListener('message', ({ data }) => {
    state.connection.value = 'Live'
    queue.push(JSON.parse(String(data)) as PageMessage)
  })
  source.addEventListener('error', () => {
    if (state.connection.value === 'Live') state.connection.value = 'Reconnecting'
    if (source.readyState !== EventSource.CLOSED) return
    source.close()
    void isRefused().then((refused) => {
      if (refused) state.connection.value = 'Ended'
      else setTimeout(followStream, retryMs)
    })
  })
}

/** Whether the server is there and does not know this page (any more): a stream does not tell its status. */
async function isRefused(): Promise<boolean> {
  try {
    const { status } = await fetch(pageAddresses.count, { method: 'GET' })
    return status === 401 || status === 403 || status === 404
  } catch {
    return false
  }
}

/** Hands on together what arrives within a moment. */
class Queue {
  readonly #show: (messages: PageMessage[]) => void
  #waiting: PageMessage[] = []
  #shownAt = Number.NEGATIVE_INFINITY
  #isScheduled = false

  constructor(show: (messages: PageMessage[]) => void) {
    this.#show = show
  }

  push(message: PageMessage): void {
    this.#waiting.push(message)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setTimeout(() => this.#flush(), Math.max(0, this.#shownAt + showEveryMs - performance.now()))
  }

  #flush(): void {
    this.#isScheduled = false
    this.#shownAt = performance.now()
    this.#show(this.#waiting.splice(0))
  }
}

function showAll(messages: readonly PageMessage[]): void {
  batch(() => {
    const rows = messages.filter((message) => message.type === 'rows')
    if (rows.length > 0) state.rows.value = applyRows(state.rows.value, rows)
    const deliveries = messages.filter((message) => message.type === 'deliveries')
    if (deliveries.length > 0) state.entries.value = applyEntries(state.entries.value, deliveries)
    messages.forEach(showOne)
  })
}

function showOne(message: PageMessage): void {
  switch (message.type) {
    case 'hello':
      return greet(message)
    case 'apiServer':
      state.apiServer.value = message.apiServer
      return
    case 'overview':
      setNow(message.overview.nowMs)
      state.overview.value = message.overview
      return
    case 'lastHour':
      state.lastHour.value = message.lastHour
      return
    case 'receivers':
      state.receivers.value = message
      return
    case 'findings':
      state.findings.value = message
      return
    case 'access':
      state.access.value = message.access
      return
    case 'routes':
      state.routes.value = message.routes
      return
    case 'rows':
    case 'deliveries':
      return
  }
}

/** A server that was started anew may be of another version, with another page. */
function greet(message: Extract<PageMessage, { type: 'hello' }>): void {
  const before = state.hello.value
  if (before !== undefined && before.start !== message.start) return location.reload()
  state.hello.value = message
  setNow(message.nowMs)
}
