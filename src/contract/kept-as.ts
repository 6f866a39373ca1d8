/**
 * Header of the answer to a delivery of the backfill: whether the receiver has stored it now, or had its event already.
 * Google's deliveries are answered without it.
 */
export const keptAsHeader = 'gwh-outcome'

export type KeptAs = 'stored' | 'duplicate'
