/**
 * What a connection has shown: nothing yet; that it carries authentic deliveries; that it comes from a proxy of the
 * installation.
 */
export type Standing = 'stranger' | 'proven' | 'proxy'

interface Candidate {
  /** A complete request is being answered: that is never cut. */
  readonly isAnswering: boolean
}

/** Connections that are alike, the one that has waited longest first. */
type Line<C extends Candidate> = ReadonlySet<C>

export interface OpenConnections<C extends Candidate> {
  /**
   * By when they were opened, or answered for the last time. Those whose handshake or request takes for ever come first
   * in this line.
   */
  readonly strangers: Line<C>
  /**
   * By the namespace whose delivery they carried last. In a line, by when they were answered last or began the request
   * under way.
   */
  readonly proven: ReadonlyMap<string, Line<C>>
  readonly proxies: Line<C>
}

/**
 * What connections with standing may take of the bound while strangers connect: a new sender is a stranger until its
 * first delivery is stored, and a line of one would be too short for that.
 */
const establishedShare = 3 / 4

/**
 * Which connection makes room for one more; undefined when every one of them is being answered. Strangers do, the
 * longest waiting first, whatever they send meanwhile: one that trickles a byte a second counts as waiting. Above their
 * share those with standing do instead: of the namespace that has most, the longest waiting; those of a proxy last,
 * because all clients may be behind it.
 */
export function whoGivesWay<C extends Candidate>(open: OpenConnections<C>, maxConnections: number): C | undefined {
  const { strangers, proven, proxies } = open
  const established = proven.values().reduce((sum, { size }) => sum + size, proxies.size)
  const ofStrangers = () => firstOf(strangers)
  const ofEstablished = () => firstOfLargest(proven) ?? firstOf(proxies)
  return established > maxConnections * establishedShare
    ? (ofEstablished() ?? ofStrangers())
    : (ofStrangers() ?? ofEstablished())
}

function firstOf<C extends Candidate>(line: Line<C>): C | undefined {
  return line.values().find(({ isAnswering }) => !isAnswering)
}

function firstOfLargest<C extends Candidate>(lines: ReadonlyMap<string, Line<C>>): C | undefined {
  for (const line of [...lines.values()].toSorted((a, b) => b.size - a.size)) {
    const first = firstOf(line)
    if (first !== undefined) return first
  }
  return undefined
}
