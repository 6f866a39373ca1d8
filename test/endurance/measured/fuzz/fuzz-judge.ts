import type { Answer } from './answers.ts'
import type { FuzzCase } from './case.ts'

const maxProblems = 20
const maxRecentlyAccepted = 256

/** Counts what came, and keeps what must not have come. */
export class FuzzJudge {
  readonly statuses = new Map<number, number>()
  readonly byMutation = new Map<string, Map<number | string, number>>()
  readonly problems: string[] = []
  /** What was answered 204: the sink must get each of them. */
  readonly accepted = new Set<string>()
  answered = 0
  /** The request ended, or was ended by us, before it was complete. */
  unanswered = 0
  readonly #recent: Buffer[] = []

  recentlyAccepted(at: number): Buffer | undefined {
    return this.#recent[at % Math.max(1, this.#recent.length)]
  }

  noteAnswer(fuzzCase: FuzzCase, { status, problem }: Answer): void {
    const { name, bytes } = fuzzCase
    const { expect, mayStore } = asItIsNow(fuzzCase, Date.now())
    this.answered += 1
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    this.#count(name, status)
    if (problem !== undefined) this.complain(fuzzCase, problem)
    if (expect !== undefined && !expect.includes(status))
      this.complain(fuzzCase, `answered ${status}, not ${expect.join(' or ')}`)
    if (status !== 204) return
    if (mayStore === undefined) return this.complain(fuzzCase, 'accepted, though it does not verify')
    this.accepted.add(mayStore)
    if (name !== 'nothing') return
    if (this.#recent.length >= maxRecentlyAccepted) this.#recent.shift()
    this.#recent.push(bytes)
  }

  noteUnanswered({ name }: FuzzCase): void {
    this.unanswered += 1
    this.#count(name, 'none')
  }

  complain({ name, bytes }: Pick<FuzzCase, 'name' | 'bytes'>, problem: string): void {
    if (this.problems.length < maxProblems)
      this.problems.push(`${name}: ${problem}: ${JSON.stringify(bytes.toString('latin1').slice(0, 1_500))}`)
  }

  #count(name: string, outcome: number | string): void {
    const outcomes = this.byMutation.get(name) ?? new Map<number | string, number>()
    this.byMutation.set(name, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1))
  }
}

/** What was right when a case was made, unless its time has come since. */
function asItIsNow(fuzzCase: FuzzCase, nowMs: number): Pick<FuzzCase, 'expect' | 'mayStore'> {
  const { genuineLater } = fuzzCase
  if (genuineLater === undefined || nowMs < genuineLater.fromMs) return fuzzCase
  return { expect: [204, 401], mayStore: genuineLater.eventId }
}
