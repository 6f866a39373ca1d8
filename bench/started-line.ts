/** The line that a program logs when it serves. */
export interface StartedLine {
  event: string
  /** The key of the port in it. */
  portKey: string
}

/** Finds the port in a log of JSON lines; undefined: it does not serve yet. The key of the event may be any. */
export function portIn(log: string, { event, portKey }: StartedLine): number | undefined {
  for (const line of log.split('\n')) {
    if (!line.includes(JSON.stringify(event)) || !line.endsWith('}')) continue
    const port: unknown = (JSON.parse(line) as Record<string, unknown>)[portKey]
    if (typeof port === 'number') return port
  }
  return undefined
}
