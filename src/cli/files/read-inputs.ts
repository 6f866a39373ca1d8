import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

/** One file as it was read, or why it could not be. */
export type Input =
  { readonly file: string; readonly bytes: Buffer } | { readonly file: string; readonly problem: string }

/** As kubectl names standard input. */
const standardInput = '-'

/**
 * The file of that name; of a folder every file in it whose name ends in one of `endings`, in the order of their names;
 * `-` is standard input. What cannot be read is told in its place.
 */
export async function readInputs(name: string, endings: readonly string[]): Promise<Input[]> {
  try {
    if (name === standardInput) return [{ file: name, bytes: await buffer(process.stdin) }]
    if (!(await stat(name)).isDirectory()) return [await readInput(name)]
    const entries = await readdir(name, { withFileTypes: true })
    const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
    const wanted = names.filter((each) => endings.some((ending) => each.endsWith(ending))).toSorted()
    return await Promise.all(wanted.map((each) => readInput(join(name, each))))
  } catch (error) {
    return [unreadable(name, error)]
  }
}

async function readInput(file: string): Promise<Input> {
  try {
    return { file, bytes: await readFile(file) }
  } catch (error) {
    return unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): Input {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
  return { file, problem: `cannot be read (${code})` }
}
