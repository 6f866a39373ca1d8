/** All that the playground logs: what a logger must take to be handed in. */
export interface Logger {
  debug: (
    details: { eventType: string; httpStatus?: number | undefined; error?: string; retryAfterMs?: number },
    event: 'simulator.delivery_attempted',
  ) => void
  error: (
    details: { error: string; stack?: string | undefined },
    event: 'simulator.delivery_broken' | 'kubernetes_api.failed',
  ) => void
}
