import { readFileSync } from 'node:fs'

/** Mounted ConfigMaps and Secrets change within a minute or two anyway. */
const rereadIntervalMs = 60_000

interface MountedFile {
  /** The setting that names it, for the message. */
  setting: string
  path: string | undefined
  /** From the text of the file to the value that is used; throws with what is wrong, without repeating it. */
  parse: (text: string) => string
}

/**
 * What a mounted file says, as a function that looks again after a minute; undefined where no file is named. Reads now,
 * and throws when it is unusable; a later version that is unusable leaves the last good one in force.
 */
export function readMounted(
  { setting, path, parse }: MountedFile,
  clock: { monotonic: () => number } = { monotonic: () => 0 },
): () => string | undefined {
  if (path === undefined) return () => undefined
  let value = read(setting, path, parse)
  let readAtMs = clock.monotonic()
  return () => {
    if (clock.monotonic() - readAtMs < rereadIntervalMs) return value
    readAtMs = clock.monotonic()
    try {
      value = read(setting, path, parse)
    } catch {
      // Being replaced, or replaced by a mistake.
    }
    return value
  }
}

function read(setting: string, path: string, parse: (text: string) => string): string {
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new Error(`${setting}: ${path} cannot be read (${code}); mount the file there`, { cause: error })
  }
  try {
    return parse(text)
  } catch (error) {
    throw new Error(`${setting}: ${path} ${error instanceof Error ? error.message : 'is unusable'}`, { cause: error })
  }
}
