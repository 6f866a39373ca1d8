/**
 * Up to a fifth later: objects that started together do not stay together. Never sooner: a list at Google is good for
 * one interval, so each resync of an object meets a newer one than the last did, and there is no more than one per
 * interval.
 */
export function spread(delayMs: number, random: () => number): number {
  return Math.round(delayMs * (1 + 0.2 * random()))
}
