import type { Clock } from '../src/clock.ts'

/**
 * Tells the demo as it happens: what is done on the left, what was really seen below it, with the seconds since the
 * start.
 */
export interface Narrator {
  chapter(title: string): void
  /** A command or call that the reader could have typed. */
  does(what: string): void
  /** Something that was observed, never something that is merely expected. */
  saw(what: string): void
}

export function createNarrator(clock: Clock, print: (text: string) => void): Narrator {
  const startMs = clock.monotonic()
  const seconds = () => `+${((clock.monotonic() - startMs) / 1000).toFixed(2)} s`.padStart(9)
  let chapters = 0
  return {
    chapter: (title) => print(`\n${(chapters += 1)}. ${title}\n`),
    does: (what) => print(`   $ ${what}\n`),
    saw: (what) => print(`${seconds()}  ${what}\n`),
  }
}
