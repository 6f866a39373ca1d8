import type { Matcher } from './expression.ts'

export type Labels = Readonly<Record<string, string>>
export interface Point {
  atMs: number
  /** NaN marks the scrape at which a series was no longer there, as Prometheus does. */
  value: number
}
interface Series {
  labels: Labels
  points: Point[]
}

/** How long the last sample of a series counts, milliseconds: Prometheus' default. */
const lookbackMs = 5 * 60_000

/** What Prometheus would hold after scraping: samples of every series, each with the labels of its target. */
export class SampleHistory {
  readonly #series = new Map<string, Series>()

  /** One scrape of one target. Series that the target exposed before and does not now end here. */
  add(atMs: number, target: Labels, exposition: string): void {
    const seen = new Set<string>()
    for (const { labels, value } of samplesIn(exposition)) {
      const all = { ...labels, ...target }
      const key = keyOf(all)
      seen.add(key)
      const series = this.#series.get(key) ?? { labels: all, points: [] }
      series.points.push({ atMs, value })
      this.#series.set(key, series)
    }
    for (const [key, { labels, points }] of this.#series) {
      const isOurs = Object.entries(target).every(([name, value]) => labels[name] === value)
      if (isOurs && !seen.has(key) && !Number.isNaN(points.at(-1)?.value)) points.push({ atMs, value: Number.NaN })
    }
  }

  /** The last sample of each series that fits, unless it is too old or the series has ended. */
  instant(matchers: readonly Matcher[], atMs: number): { labels: Labels; value: number }[] {
    return this.range(matchers, atMs, lookbackMs, { withEnds: true }).flatMap(({ labels, points }) => {
      const last = points.at(-1)
      return last === undefined || Number.isNaN(last.value) ? [] : [{ labels, value: last.value }]
    })
  }

  /** Samples later than `atMs - rangeMs`, up to `atMs`. */
  range(matchers: readonly Matcher[], atMs: number, rangeMs: number, { withEnds = false } = {}): Series[] {
    return [...this.#series.values()]
      .filter(({ labels }) => matchers.every((matcher) => fits(matcher, labels)))
      .map(({ labels, points }) => ({
        labels,
        points: points.filter(
          (point) => point.atMs > atMs - rangeMs && point.atMs <= atMs && (withEnds || !Number.isNaN(point.value)),
        ),
      }))
      .filter(({ points }) => points.length > 0)
  }
}

export function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function fits({ label, operator, value }: Matcher, labels: Labels): boolean {
  const held = labels[label] ?? ''
  const isEqual = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(held) : held === value
  return operator.startsWith('!') ? !isEqual : isEqual
}

function samplesIn(exposition: string): { labels: Labels; value: number }[] {
  return exposition
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
      const number = Number(value.replace('+Inf', 'Infinity').replace('-Inf', '-Infinity'))
      return { labels: { ...(Object.fromEntries(pairs) as Labels), __name__: name }, value: number }
    })
}
