import { readFileSync } from 'node:fs'

interface Position {
  /** From 1, as Stryker's report has it. */
  readonly line: number
  readonly column: number
}

export interface Survivor {
  /** Path below the root. */
  readonly file: string
  readonly mutator: string
  readonly start: Position
  readonly end: Position
  readonly replacement: string
}

/** As much of Stryker's JSON report as is looked at here. */
interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly mutants: readonly {
          readonly mutatorName: string
          readonly replacement?: string
          readonly status: string
          readonly location: { readonly start: Position; readonly end: Position }
        }[]
      }
    >
  >
}

const unnoticed = new Set(['Survived', 'NoCoverage'])

/** The mutants of a report that no test noticed. */
export function readSurvivors(reportFile: string): Survivor[] {
  const { files } = JSON.parse(readFileSync(reportFile, 'utf8')) as Report
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants
      .filter(({ status }) => unnoticed.has(status))
      .map(({ mutatorName, replacement = '', location: { start, end } }) => ({
        file,
        mutator: mutatorName,
        start,
        end,
        replacement,
      })),
  )
}

/** The source with that one change. */
export function mutated(source: string, { start, end, replacement }: Survivor): string {
  return source.slice(0, offsetOf(source, start)) + replacement + source.slice(offsetOf(source, end))
}

export function describeSurvivor(source: string, survivor: Survivor): string {
  const { file, mutator, start, end, replacement } = survivor
  const was = source.slice(offsetOf(source, start), offsetOf(source, end))
  return `${file}:${start.line}:${start.column} ${mutator}\n  - ${oneLine(was)}\n  + ${oneLine(replacement)}`
}

function offsetOf(source: string, { line, column }: Position): number {
  let at = 0
  for (let passed = 1; passed < line; passed++) at = source.indexOf('\n', at) + 1
  return at + column - 1
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').slice(0, 160)
