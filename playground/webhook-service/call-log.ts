export const verbs = [
  'list',
  'get',
  'create',
  'update',
  'delete',
  'ping',
  'rotateSigningSecret',
  'createJob',
  'getJob',
  'listBatches',
  'cancelJob',
  'jwks',
] as const
export type Verb = (typeof verbs)[number]

export interface LoggedCall {
  atMs: number
  verb: Verb
  version: string
  project: string | undefined
  webhookId: string | undefined
  /** The service did what was asked, whether or not the caller was told. */
  committed: boolean
  /** Absent where no answer was sent (hang, reset). */
  status: number | undefined
  /** Types of the faults that were injected into this call. */
  faults: string[]
}

export type CallCounts = Record<Verb, { received: number; committed: number }>

const keptCalls = 10_000

/** Every request that reached the service. Counts are exact; of the calls themselves the last ten thousand are kept. */
export class CallLog {
  #calls: LoggedCall[] = []
  #counts = emptyCounts()

  add(call: LoggedCall): void {
    this.#calls.push(call)
    if (this.#calls.length > keptCalls) this.#calls = this.#calls.slice(-keptCalls / 2)
    const count = this.#counts[call.verb]
    count.received++
    if (call.committed) count.committed++
  }

  calls(): LoggedCall[] {
    return [...this.#calls]
  }

  counts(): CallCounts {
    return structuredClone(this.#counts)
  }

  reset(): void {
    this.#calls = []
    this.#counts = emptyCounts()
  }
}

function emptyCounts(): CallCounts {
  const counts = verbs.map((verb) => [verb, { received: 0, committed: 0 }] as const)
  return Object.fromEntries(counts) as CallCounts
}
