/** The shares of namespaces in what they have in common. Called each time, so that the answers may change. */
export interface Quotas {
  /** How much it counts beside others, above 0. */
  weightOf(namespace: string): number
  /** The most of any total that it may ever take, above 0 and at most 1. */
  maxShareOf(namespace: string): number
}

/** All namespaces are equal, and none is limited below what fairness allows. */
export const equalQuotas: Quotas = { weightOf: () => 1, maxShareOf: () => 1 }
