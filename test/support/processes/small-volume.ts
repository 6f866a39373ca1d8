import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/**
 * A real file system of so many bytes, in memory; undefined where mounting is not allowed. Unmounted after the test.
 */
export async function aSmallVolume(t: TestContext, bytes: number): Promise<SmallVolume | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-volume-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder])
  t.after(async () => {
    if (status === 0) spawnSync('umount', ['-l', folder])
    await rm(folder, { recursive: true, force: true })
  })
  return status === 0 ? new SmallVolume(folder) : undefined
}

export class SmallVolume {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  get availableBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder)
    return bavail * bsize
  }

  /** Takes every byte that is left, in a file that belongs to nobody. Returns how many it has by now. */
  fill(): number {
    const path = join(this.folder, 'filler')
    const file = openSync(path, 'a')
    try {
      for (let chunkBytes = 64 * 1024; chunkBytes >= 1;) {
        try {
          const written = writeSync(file, Buffer.alloc(chunkBytes, 0x66))
          if (written < chunkBytes) chunkBytes = Math.max(1, chunkBytes >> 1)
        } catch {
          chunkBytes >>= 1
        }
      }
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    return statSync(path).size
  }

  free(): void {
    rmSync(join(this.folder, 'filler'))
  }
}
