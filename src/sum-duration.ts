const msPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The milliseconds of `1h30m`, `500ms` or `7d`. The caller has checked which units and how many parts the text has. */
export function sumDuration(text: string): number {
  const parts = text.matchAll(/(\d+)(ms|[smhd])/g)
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (msPerUnit[unit ?? ''] ?? 0), 0)
}
