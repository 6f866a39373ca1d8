import type { Clock } from '../clock.ts'
import type { Metrics } from '../observability/metrics.ts'
import { BudgetShelf } from './budget-shelf.ts'
import { createCallBudget, type CallBudget, type CallBudgetSettings } from './call-budget.ts'
import { createGeminiMetrics } from './gemini-metrics.ts'
import { openWebhookService, type WebhookServiceOptions } from './open-webhook-service.ts'
import type { SharedWebhookService } from './webhook-service.ts'

export interface WebhookServiceOpenerOptions extends Pick<
  WebhookServiceOptions,
  'baseUrl' | 'apiVersion' | 'timeoutMs' | 'headers' | 'fetch' | 'onUnknown'
> {
  budget?: Partial<CallBudgetSettings>
  clock: Clock
  metrics: Metrics
}

export interface WebhookServiceOpener {
  (credentials: { apiKey: string; fingerprint: string }): SharedWebhookService
  /** Two keys, named by their fingerprints, are of one project at Google: from now on they share one call budget. */
  shareBudget: (fingerprint: string, other: string) => void
}

/**
 * Opens services for any number of API keys. Services that are opened with the same fingerprint share one call budget,
 * even after the first of them is gone: closing and opening must not bypass a pause.
 */
export function createWebhookServiceOpener(options: WebhookServiceOpenerOptions): WebhookServiceOpener {
  const { budget: settings = {}, metrics: registry, clock, ...settingsOfEach } = options
  const metrics = createGeminiMetrics(registry)
  const shelf = new BudgetShelf((onUse) => createCallBudget({ settings, clock, metrics, onUse }))
  exposeLowestBudget(registry, () => shelf.budgets())
  const open = ({ apiKey, fingerprint }: { apiKey: string; fingerprint: string }) => {
    const budget = shelf.budgetOf(fingerprint)
    return openWebhookService({ ...settingsOfEach, apiKey, budget, clock, metrics })
  }
  return Object.assign(open, { shareBudget: (one: string, other: string) => shelf.unite(one, other) })
}

/** Keys are no label, so the lowest budget stands for all. */
function exposeLowestBudget(metrics: Metrics, budgets: () => Iterable<CallBudget>): void {
  metrics.collectedGauge({
    name: 'gwh_gemini_budget_lowest_tokens',
    help: 'Calls that the API key with the smallest remaining budget may make at once; 0 while it is paused or has calls waiting.',
    collect: () => {
      const available = [...budgets()].map((budget) => budget.available())
      return available.length === 0 ? [] : [{ value: Math.min(...available), labels: {} }]
    },
  })
}
