/** How a reconcile that did not fail ends. */
export type ReconcileResult = { readonly type: 'done' } | { readonly type: 'requeueAfter'; readonly delayMs: number }

/** Nothing to do until the object changes. */
export function done(): ReconcileResult {
  return { type: 'done' }
}

/** Look again in `delayMs` milliseconds at the latest; a change comes sooner. */
export function requeueAfter(delayMs: number): ReconcileResult {
  return { type: 'requeueAfter', delayMs }
}
