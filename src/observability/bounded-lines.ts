import type { Clock } from '../clock.ts'
import { LineBudget } from './line-budget.ts'
import type { Logger, LogLevel } from './logger.ts'

/**
 * Of the lines about one object, and of those about all objects of one namespace, each level by itself: a flood of
 * successes hides no failure.
 */
const linesPerObject = 20
const linesPerNamespace = 100
/** Budgets that are remembered; the longest unused one is dropped and begins anew, which costs a line or two more. */
const maxBudgets = 4_096

/**
 * A logger whose lines about objects, by the details `namespace` and `name`, are bounded: a tenant that causes events
 * or refusals as fast as possible cannot fill the log that all share. The next line of that namespace says how many
 * were left out. All other lines pass.
 */
export function boundLines(inner: Logger, clock: Clock): Logger {
  const budgets = new Budgets(clock)
  const bounded =
    (level: LogLevel): Logger['info'] =>
    (details, event) => {
      const line = budgets.take(level, details)
      if (line !== undefined) inner[level]({ ...details, ...line }, event)
    }
  return {
    // Debug lines are not bounded.
    debug: (details, event) => inner.debug(details, event),
    info: bounded('info'),
    warn: bounded('warn'),
    error: bounded('error'),
    child: (bindings) => boundLines(inner.child(bindings), clock),
  }
}

class Budgets {
  readonly #clock: Clock
  readonly #budgets = new Map<string, LineBudget>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  take(
    level: LogLevel,
    { namespace, name }: Readonly<Record<string, unknown>>,
  ): { suppressedLines?: number } | undefined {
    if (typeof namespace !== 'string' || typeof name !== 'string') return {}
    const own = this.#budget(`${level} ${namespace}/${name}`, linesPerObject)
    const shared = this.#budget(`${level} ${namespace}`, linesPerNamespace)
    if (own.isSpent) return shared.skip()
    const line = shared.take()
    if (line !== undefined) own.take()
    return line
  }

  #budget(key: string, linesPerSecond: number): LineBudget {
    const budget = this.#budgets.get(key) ?? new LineBudget(linesPerSecond, this.#clock)
    this.#budgets.delete(key)
    this.#budgets.set(key, budget)
    const oldest = this.#budgets.keys().next()
    if (this.#budgets.size > maxBudgets && oldest.done !== true) this.#budgets.delete(oldest.value)
    return budget
  }
}
