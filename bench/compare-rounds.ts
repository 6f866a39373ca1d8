import type { Played } from './play-rounds.ts'
import { ratiosOf, spreadOf, spreadText, type Spread } from './spread.ts'
import { renderTable } from './table.ts'

/** By figure; those that were not measured are missing. */
type Spreads = Readonly<Record<string, Spread>>

export interface Compared {
  /** By server. */
  figures: Readonly<Record<string, Spreads>>
  /** The figures of one server divided by those of each other, by both names. */
  ratios: Readonly<Record<string, Spreads>>
}

/** Sums up what each server did in its rounds, and puts the `subject` beside the others. */
export function compareRounds<Name extends string>(
  names: readonly Name[],
  played: readonly Played<Name>[],
  subject: string,
): Compared {
  const ours = played.find(({ name }) => name === subject)
  const others = played.filter((each) => each !== ours)
  const ratiosTo = (other: Played<Name>) =>
    spreadsOf(names, (name) => (ours === undefined ? [] : ratiosOf(valuesOf(ours, name), valuesOf(other, name))))
  return {
    figures: Object.fromEntries(played.map((each) => [each.name, spreadsOf(names, (name) => valuesOf(each, name))])),
    ratios: Object.fromEntries(others.map((other) => [`${subject} / ${other.name}`, ratiosTo(other)])),
  }
}

function valuesOf<Name extends string>({ rounds }: Played<Name>, name: Name): number[] {
  return rounds.map((figures) => figures[name]).filter((value) => value !== undefined)
}

function spreadsOf<Name extends string>(names: readonly Name[], values: (name: Name) => number[]): Spreads {
  const found = names.map((name) => [name, values(name)] as const).filter(([, rounds]) => rounds.length > 0)
  return Object.fromEntries(found.map(([name, rounds]) => [name, spreadOf(rounds)]))
}

/** A line for each figure that anybody has, a column for each server and each ratio. `labels` say the units. */
export function comparisonTable(labels: Readonly<Record<string, string>>, { figures, ratios }: Compared): string {
  const columns = Object.entries({ ...figures, ...ratios })
  const lines = Object.entries(labels)
    .filter(([name]) => columns.some(([, spreads]) => spreads[name] !== undefined))
    .map(([name, label]) => [label].concat(columns.map(([, spreads]) => cell(spreads[name]))))
  return renderTable([['', ...columns.map(([title]) => title)], ...lines])
}

function cell(spread: Spread | undefined): string {
  return spread === undefined ? '' : spreadText(spread)
}
