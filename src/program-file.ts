import { readFileSync } from 'node:fs'
import { getAsset, isSea } from 'node:sea'

/**
 * A file that the build puts beside the program, by its path below that folder: a program of a worker thread, or one of
 * `static/`. In the single executable it is an asset of the same name. Throws where there is none.
 */
export function readProgramFile(path: string): Buffer {
  return isSea() ? Buffer.from(getAsset(path)) : readFileSync(new URL(path, import.meta.url))
}

interface WorkerProgram {
  source: URL
  /** Its name in the bundle. */
  bundled: string
}

/** Where a worker thread finds its program: in the sources, beside the bundle, or inside the single executable. */
export function workerUrl({ source, bundled }: WorkerProgram): URL {
  // A thread can start from a file or from a text, and in an executable there is no file.
  if (isSea()) return new URL(`data:text/javascript;base64,${readProgramFile(bundled).toString('base64')}`)
  return import.meta.url.endsWith('.ts') ? source : new URL(bundled, import.meta.url)
}
