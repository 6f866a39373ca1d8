import { execFile } from 'node:child_process'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import type { BenchmarkOptions } from './benchmark.ts'
import { thisCheckout, type Checkout } from './role-process.ts'
import { makeScratchFolder } from './scratch-folder.ts'

const run = promisify(execFile)

/** This one, and the commit to compare it with, if any. */
export async function checkoutsToMeasure({
  compare,
  parts,
}: Pick<BenchmarkOptions, 'compare' | 'parts'>): Promise<Checkout[]> {
  return compare === undefined ? [thisCheckout] : [thisCheckout, await checkOut(compare, parts)]
}

/**
 * The sources of a commit in a folder of their own, with the installed dependencies of this checkout; goes with
 * `parts`. Rejects when there is no such commit.
 */
async function checkOut(commit: string, parts: AsyncDisposableStack): Promise<Checkout> {
  const found = run('git', ['rev-parse', '--verify', '--short', `${commit}^{commit}`])
  const { stdout } = await found.catch((error: unknown) => {
    throw new Error(`--compare ${commit}: Git finds no such commit here`, { cause: error })
  })
  const name = stdout.trim()
  const folder = resolve(await makeScratchFolder(`commit-${name}`, parts))
  const archive = join(folder, 'commit.tar')
  const sources = join(folder, 'sources')
  await mkdir(sources)
  await run('git', ['archive', '--format=tar', `--output=${archive}`, name])
  await run('tar', ['-xf', archive, '-C', sources])
  await rm(archive)
  await symlink(resolve('node_modules'), join(sources, 'node_modules'))
  return { name, folder: sources }
}
