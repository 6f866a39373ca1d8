import type { CommandContext } from './run-command.ts'
import { exitCodes } from './run-command.ts'
import { cellOf, table } from './table.ts'

/** One link of a chain in which each needs those before it. */
export interface Link {
  name: string
  /** `Open`: not asked for, not known, or still to come. */
  state: 'Good' | 'Broken' | 'Open'
  says: string
}

/** The first that is broken: what comes after it may be broken by it. */
export function brokenLink(chain: readonly Link[]): Link | undefined {
  return chain.find(({ state }) => state === 'Broken')
}

/** Prints a chain and names its first broken link; 1 when there is one. */
export function tellChain(
  chain: readonly Link[],
  output: 'text' | 'json',
  { out }: Pick<CommandContext, 'out'>,
): number {
  const broken = brokenLink(chain)
  if (output === 'json') out(`${JSON.stringify({ broken: broken?.name, chain }, undefined, 2)}\n`)
  else {
    const rows = chain.map((link) => [link.name, link.state, link.says].map(cellOf))
    const end = broken === undefined ? 'No link is broken.' : `Broken: ${cellOf(broken.name)}: ${cellOf(broken.says)}`
    out(`${table(['LINK', 'STATE', 'WHAT'], rows)}\n${end}\n`)
  }
  return broken === undefined ? exitCodes.ok : exitCodes.failed
}
