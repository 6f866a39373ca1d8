/** What is in an inbox, over all objects or of one. */
export interface Totals {
  events: number
  bodyBytes: number
  /** Deliveries that have not ended. */
  pending: number
  deadLetters: number
  rememberedIds: number
}
