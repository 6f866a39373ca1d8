import { equalQuotas, type Quotas } from '../../fairness/quotas.ts'

/** What one namespace gets, as the worker's thread is told. */
export type ToldQuota = readonly [namespace: string, weight: number, maxShare: number]

/**
 * The main thread's side: which quotas the worker has to be told, because it does not know them or they have changed.
 */
export class QuotaTeller {
  readonly quotas: Quotas
  readonly #told = new Map<string, ToldQuota>()
  #toTell: ToldQuota[] = []

  constructor(quotas: Quotas, namespaces: Iterable<string>) {
    this.quotas = quotas
    for (const namespace of namespaces) this.look(namespace)
  }

  /** Something of the namespace is about to be handed over. */
  look(namespace: string): void {
    const known = this.#told.get(namespace)
    const [weight, maxShare] = [this.quotas.weightOf(namespace), this.quotas.maxShareOf(namespace)]
    if (known !== undefined && known[1] === weight && known[2] === maxShare) return
    const quota: ToldQuota = [namespace, weight, maxShare]
    this.#told.set(namespace, quota)
    if (known !== undefined || weight !== 1 || maxShare !== 1) this.#toTell.push(quota)
  }

  /** Looks again at all that were ever seen. */
  lookAgain(): void {
    for (const namespace of this.#told.keys()) this.look(namespace)
  }

  take(): ToldQuota[] {
    return this.#toTell.splice(0)
  }
}

/** The worker's side. */
export class ToldQuotas implements Quotas {
  readonly #told = new Map<string, ToldQuota>()

  learn(quotas: readonly ToldQuota[]): void {
    for (const quota of quotas) this.#told.set(quota[0], quota)
  }

  weightOf(namespace: string): number {
    return this.#told.get(namespace)?.[1] ?? equalQuotas.weightOf(namespace)
  }

  maxShareOf(namespace: string): number {
    return this.#told.get(namespace)?.[2] ?? equalQuotas.maxShareOf(namespace)
  }
}
