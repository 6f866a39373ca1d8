/** A figure over all rounds: the typical one, and how far the others were from it. */
export interface Spread {
  median: number
  least: number
  most: number
}

export function spreadOf(rounds: readonly number[]): Spread {
  return { median: rounded(median(rounds)), least: rounded(Math.min(...rounds)), most: rounded(Math.max(...rounds)) }
}

/** Of an even number the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const above = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const below = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (above + below) / 2
}

/**
 * Round by round, for the two halves of one round saw the same machine: then a ratio means something on another one
 * too. To nothing there is none.
 */
export function ratiosOf(rounds: readonly number[], others: readonly number[]): number[] {
  return rounds.map((value, round) => value / (others[round] ?? 0)).filter((ratio) => Number.isFinite(ratio))
}

/** `1.23 (0.98–2.05)`, three digits that count. */
export function spreadText(spread: Spread): string {
  const [typical, least, most] = [figure(spread.median), figure(spread.least), figure(spread.most)]
  return least === most ? typical : `${typical} (${least}–${most})`
}

function figure(value: number): string {
  if (!Number.isFinite(value)) return '?'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

/** What is behind the third decimal tells nothing. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
