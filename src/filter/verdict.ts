/**
 * wanted, unwanted: the filter says so. failed: the expression threw on this event, gave no bool, or the event is too
 * big to be judged; guessing either way would lose it or leak it. invalid: the expression is not one that may run,
 * whatever the event; a person has to correct it.
 */
export type FilterVerdict = 'wanted' | 'unwanted' | 'failed' | 'invalid'
