export interface Sample {
  labels: Readonly<Record<string, string>>
  value: number
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/
const label = /(\w+)="([^"]*)"/g

/** The samples of one metric in Prometheus' text format. */
export function samplesOf(exposition: string, metric: string): Sample[] {
  return exposition.split('\n').flatMap((text) => {
    const [, name, labelText = '', value] = line.exec(text) ?? []
    return name === metric && value !== undefined ? [{ labels: labelsIn(labelText), value: Number(value) }] : []
  })
}

/** All of a metric's samples together. */
export function totalOf(exposition: string, metric: string): number {
  return samplesOf(exposition, metric).reduce((sum, { value }) => sum + value, 0)
}

/** A metric's samples added up by one label. */
export function totalsBy(exposition: string, metric: string, by: string): Record<string, number> {
  const totals: Record<string, number> = {}
  for (const { labels, value } of samplesOf(exposition, metric)) {
    const key = labels[by] ?? ''
    totals[key] = (totals[key] ?? 0) + value
  }
  return totals
}

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(label)].map(([, name = '', value = '']) => [name, value]))
}
