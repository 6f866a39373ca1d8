import { getAsset, isSea } from 'node:sea'

interface WorkerProgram {
  source: URL
  /** Its name in the bundle; in the single executable it is an asset of that name. */
  bundled: string
}

/** Where a worker thread finds its program: in the sources, beside the bundle, or inside the single executable. */
export function workerUrl({ source, bundled }: WorkerProgram): URL {
  // A thread can start from a file or from a text, and in an executable there is no file.
  if (isSea()) return new URL(`data:text/javascript;base64,${Buffer.from(getAsset(bundled)).toString('base64')}`)
  return import.meta.url.endsWith('.ts') ? source : new URL(bundled, import.meta.url)
}
