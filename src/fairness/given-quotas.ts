import type { Quotas } from './quotas.ts'

/** What an installation was told about one namespace. */
export interface GivenQuota {
  /** `*`: every namespace that is not named. */
  readonly namespace: string
  readonly weight: number
  readonly maxShare: number
}

/** Whom a quota is for that names no namespace. */
const everyOther = '*'

const ofNobody = { weight: 1, maxShare: 1 }

/**
 * The quotas that were given, one for each namespace at most; who is not named gets that of every other, or all that
 * fairness allows.
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
