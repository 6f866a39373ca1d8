import { stringify } from 'yaml'

/** The values of `-o`. */
export type Output = 'text' | 'json' | 'yaml' | 'wide' | 'name'

/** The ways to print what a command found. */
interface Findings {
  /** For programs. */
  readonly value: unknown
  /** For people, line ends included; `isWide`: with more columns, where there are more. */
  readonly text: (isWide: boolean) => string
  /** The name of each, fit for the command line of another command. */
  readonly names?: readonly string[]
}

/** What to write to standard output. Pure. */
export function printedAs(output: Output, { value, text, names = [] }: Findings): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(value, undefined, 2)}\n`
    case 'yaml':
      return stringify(value)
    case 'name':
      return names.map((name) => `${name}\n`).join('')
    case 'text':
    case 'wide':
      return text(output === 'wide')
  }
}
