import { chmodSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { TarEntry } from './tar.ts'

const epoch = new Date(0)

/** The entries as files below `folder`, for a builder that copies them: with their permissions, as old as the epoch. */
export function writeFolder(folder: string, entries: readonly TarEntry[]): void {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  for (const { path, mode, content, link } of sorted) {
    const target = join(folder, path)
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true })
    if (link !== undefined) symlinkSync(link, target)
    else if (content !== undefined) writeFileSync(target, content)
    // The umask has taken something of it.
    if (link === undefined) chmodSync(target, mode)
  }
  // Writing into a folder makes it younger, so the deepest go first.
  for (const { path } of sorted.toReversed()) lutimesSync(join(folder, path), epoch, epoch)
}
