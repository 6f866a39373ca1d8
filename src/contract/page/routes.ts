import type { ChainLink, ConditionView, SinkView } from './webhook-detail.ts'

export interface RouteKey {
  readonly namespace: string
  /** Its plain name. */
  readonly name: string
}

/** One line of the list of GeminiRoutes. */
export interface RouteRow extends RouteKey {
  /** As commands name it: `namespace/groute/name`. */
  readonly id: string
  /** `namespace/name` of the webhook that it names. */
  readonly webhook: string
  /** `Broken`: a link of its chain is; `Open`: one could not be judged. */
  readonly state: ChainLink['state']
  /** Of the first broken link: its name, what it says, and what a person can do. */
  readonly broken?: string
  readonly says?: string
  readonly remedy?: string
  readonly pending: number
  readonly deadLetters: number
  /** RFC 3339. */
  readonly lastDelivery?: string
}

/** The routes that the user may list, those that are broken first. */
export type RouteList =
  | { readonly isKnown: true; readonly rows: readonly RouteRow[]; readonly total: number }
  | { readonly isKnown: false; readonly why: string }

/** All that the page shows of one GeminiRoute. */
export interface RouteDetail {
  readonly row: RouteRow
  readonly chain: readonly ChainLink[]
  /** Index in `chain`; absent where no link is broken. */
  readonly firstBroken?: number
  readonly conditions: readonly ConditionView[]
  readonly sinks: readonly SinkView[]
}
