import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** On the disk of the checkout: a folder for temporary files may be in memory, where an fsync costs nothing. */
const parent = '.cache/bench'

/** A new folder that goes when `parts` go. */
export async function makeScratchFolder(name: string, parts: AsyncDisposableStack): Promise<string> {
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, `${name}-`))
  parts.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  return folder
}
