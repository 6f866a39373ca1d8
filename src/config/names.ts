/** The names of one setting, all made from its property in the table, so that they cannot drift apart. */
export interface SettingNames {
  /** In the file: `callTimeout`. */
  readonly key: string
  /** `--call-timeout` */
  readonly flag: string
  /** `GWH_CALL_TIMEOUT` */
  readonly env: string
}

/**
 * Values are written with their unit, so the unit in the property's name (`callTimeoutMs`) is not part of the outside
 * names.
 */
export function namesOf(property: string): SettingNames {
  const key = property.replace(/(Ms|Bytes)$/, '')
  const kebab = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return { key, flag: `--${kebab}`, env: envPrefix + kebab.replaceAll('-', '_').toUpperCase() }
}

export const envPrefix = 'GWH_'

/** The known name that `given` was probably meant to be: at most two typing errors away. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const ranked = known.map((name) => ({ name, distance: editDistance(given, name) }))
  return ranked.filter(({ distance }) => distance <= 2).toSorted((a, b) => a.distance - b.distance)[0]?.name
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
