/**
 * The size of an event up to which expressions are run for it. Google's notifications are below 20 kB, nest four deep
 * and hold no lists; an event that is beyond these bounds is not judged, because the cost of every accepted expression
 * was computed for events inside them.
 */
export const eventLimits = {
  bodyBytes: 32 * 1024,
  /** Elements of one list, or keys of one object. */
  items: 100,
  /** Values of all kinds together, at every depth. */
  values: 2_000,
  /**
   * Of objects and lists in each other. The library names and keeps the type of every value that it compares in vain,
   * and the sender of an event chooses these: up to this depth there are some thousand.
   */
  depth: 10,
} as const
