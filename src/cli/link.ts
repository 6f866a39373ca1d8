import { printedAs, type Output } from './print-as.ts'
import { remedyOf } from './remedy.ts'
import { type CommandDeps, exitCodes } from './run-command.ts'
import { cellOf, table } from './table.ts'

/** One link of a chain in which each needs those before it. */
export interface Link {
  name: string
  /** `Open`: not asked for, not known, or still to come. */
  state: 'Good' | 'Broken' | 'Open'
  says: string
  /** It could not be judged though it should have been: not known to be well. */
  unjudged?: true
}

/** The first that is broken: what comes after it may be broken by it. */
export function brokenLink(chain: readonly Link[]): Link | undefined {
  return chain.find(({ state }) => state === 'Broken')
}

/** The names of those that could not be judged. */
export function unjudgedLinks(chain: readonly Link[]): string[] {
  return chain.filter(({ unjudged }) => unjudged === true).map(({ name }) => name)
}

/** 1 when a link is broken; 3 when none is known to be, and some could not be judged. */
export function exitCodeOf(broken: Link | undefined, unjudged: readonly string[]): number {
  if (broken !== undefined) return exitCodes.failed
  return unjudged.length === 0 ? exitCodes.ok : exitCodes.unjudged
}

/**
 * Prints a chain and names its first broken link with what can be done, and what could not be judged. `names`: of what
 * it is about.
 */
export function printChain(
  chain: readonly Link[],
  { output, names = [] }: { output: Output; names?: readonly string[] },
  { out }: Pick<CommandDeps, 'out'>,
): number {
  const broken = brokenLink(chain)
  const unjudged = unjudgedLinks(chain)
  const text = () => chainInWords(chain)
  const remedy = broken === undefined ? undefined : remedyOf(broken)
  out(printedAs(output, { value: { broken: broken?.name, remedy, unjudged, chain }, text, names }))
  return exitCodeOf(broken, unjudged)
}

/** A row for each link, and how it ends. */
export function chainInWords(chain: readonly Link[]): string {
  const rows = chain.map((link) => [link.name, link.state, link.says].map(cellOf))
  const end = endOf(brokenLink(chain), unjudgedLinks(chain), chain.length)
  return `${table(['LINK', 'STATE', 'WHAT'], rows)}\n${end}\n`
}

function endOf(broken: Link | undefined, unjudged: readonly string[], links: number): string {
  const blind = `Not judged: ${unjudged.length} of ${links} links: ${unjudged.map(cellOf).join(', ')}`
  const before = unjudged.length === 0 ? '' : `${blind}.\n`
  if (broken !== undefined) {
    const remedy = remedyOf(broken)
    const said = `${before}Broken: ${cellOf(broken.name)}: ${cellOf(broken.says)}`
    return remedy === undefined ? said : `${said}\nRemedy: ${remedy}`
  }
  return unjudged.length === 0
    ? 'No link is broken.'
    : `${blind}. No other link is broken; whether these are well is not known.`
}
