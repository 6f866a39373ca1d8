import type { CounterHandle, HistogramHandle, Metrics } from '../observability/metrics.ts'

export interface GeminiMetrics {
  /** Labels `verb` and `code` (OK, a GeminiErrorCode, or ABORTED by the caller). */
  calls: CounterHandle
  callSeconds: HistogramHandle
  budgetWaitSeconds: HistogramHandle
  budgetPauses: CounterHandle
}

/** Made once per process and shared by every API key: keys are no label. */
export function createGeminiMetrics(metrics: Metrics): GeminiMetrics {
  return {
    calls: metrics.counter({
      name: 'gwh_gemini_calls_total',
      help: 'Requests to the WebhookService by verb and outcome (OK, ABORTED or an error code).',
      labels: ['verb', 'code'],
    }),
    callSeconds: metrics.histogram({
      name: 'gwh_gemini_call_seconds',
      help: 'Duration of requests to the WebhookService by verb, budget wait not included.',
      labels: ['verb'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    budgetWaitSeconds: metrics.histogram({
      name: 'gwh_gemini_budget_wait_seconds',
      help: "How long requests waited for their API key's call budget.",
      buckets: [0.01, 0.1, 0.5, 1, 5, 10, 30],
    }),
    budgetPauses: metrics.counter({
      name: 'gwh_gemini_budget_pauses_total',
      help: 'How often an API key was paused because the WebhookService answered 429.',
    }),
  }
}
