import type { Quotas } from './quotas.ts'

/** The quota that an installation sets for one namespace. */
export interface GivenQuota {
  /** `*`: every namespace that is not named. */
  readonly namespace: string
  readonly weight: number
  readonly maxShare: number
}

/** The name of a quota for every namespace that is not named. */
const everyOther = '*'

const ofNobody = { weight: 1, maxShare: 1 }

/**
 * The quotas that were given, one for each namespace at most; a namespace that is not named gets that of every other,
 * or all that fairness allows.
 */
export function givenQuotas(given: readonly GivenQuota[]): Quotas {
  const byNamespace = new Map(given.map((quota) => [quota.namespace, quota]))
  const fallback = byNamespace.get(everyOther) ?? ofNobody
  const quotaOf = (namespace: string) => byNamespace.get(namespace) ?? fallback
  return {
    weightOf: (namespace) => quotaOf(namespace).weight,
    maxShareOf: (namespace) => quotaOf(namespace).maxShare,
  }
}
