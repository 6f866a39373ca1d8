import { readFileSync } from 'node:fs'

import { parse } from 'yaml'

import { evaluate } from './evaluate.ts'
import { parseExpression, type Expression } from './expression.ts'
import { keyOf, SampleHistory, type Labels } from './sample-history.ts'

export interface AlertRule {
  alert: string
  expr: string
  for?: string
}

export const alertsPath = 'charts/gemini-webhook-operator/files/alerts.yaml'

export function readAlertRules(): AlertRule[] {
  const { groups } = parse(readFileSync(alertsPath, 'utf8')) as { groups: { rules: AlertRule[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

/** The interval of scrapes and of the rules' evaluation: the chart's default. */
const stepMs = 30_000

export const targets = {
  receiver: { namespace: 'gemini-webhook-system', pod: 'gwh-receiver-0' },
  controller: { namespace: 'gemini-webhook-system', pod: 'gwh-controller-0' },
} as const satisfies Record<string, Labels>

type Scrapes = Partial<Record<keyof typeof targets, string>>

/**
 * The shipped alerts on a Prometheus of which only the rules are left: it is given the text of each scrape, and time
 * passes by steps.
 */
export class AlertBench {
  readonly #history = new SampleHistory()
  readonly #rules: readonly { name: string; expression: Expression; forMs: number; since: Map<string, number> }[]
  #nowMs = Date.UTC(2026, 10, 21)

  constructor() {
    this.#rules = readAlertRules().map(({ alert, expr, for: wait = '0s' }) => ({
      name: alert,
      expression: parseExpression(expr),
      forMs: durationMs(wait),
      since: new Map<string, number>(),
    }))
  }

  /** One interval: what was scraped at its end, then all rules. A target that is not given could not be scraped. */
  step(scrapes: Scrapes): void {
    this.#nowMs += stepMs
    for (const [name, target] of Object.entries(targets)) {
      this.#history.add(this.#nowMs, target, scrapes[name as keyof typeof targets] ?? '')
    }
    for (const { expression, since } of this.#rules) {
      const active = new Set(evaluate(expression, this.#history, this.#nowMs).map(({ labels }) => keyOf(labels)))
      for (const key of since.keys()) if (!active.has(key)) since.delete(key)
      for (const key of active) if (!since.has(key)) since.set(key, this.#nowMs)
    }
  }

  /** Nothing changes for so long. */
  hold(scrapes: Scrapes, minutes: number): void {
    for (let passed = 0; passed < minutes * 60_000; passed += stepMs) this.step(scrapes)
  }

  /** Names of the alerts that fire now. */
  firing(): string[] {
    return this.#rules
      .filter(({ since, forMs }) => [...since.values()].some((fromMs) => this.#nowMs - fromMs >= forMs))
      .map(({ name }) => name)
  }
}

function durationMs(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? []
  const factors: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }
  const factor = factors[unit]
  if (factor === undefined) throw new Error(`for: ${text} is no duration such as 10m`)
  return Number(amount) * factor
}
