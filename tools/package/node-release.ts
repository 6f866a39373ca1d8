import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const cacheFolder = '.cache/node'

export type Architecture = 'x64' | 'arm64'

export interface NodeRelease {
  /** Paths of files. */
  binary: string
  license: string
}

/**
 * Node for Linux on that architecture, in the version of the lockfile: as it is installed, otherwise from the package
 * registry, checked against the lockfile's checksum. Throws when the package is another one, or when this process runs
 * on another version: an executable takes only what its own Node prepared.
 */
export function nodeRelease(architecture: Architecture): NodeRelease {
  const name = `node-linux-${architecture}`
  const { version, integrity } = lockedPackage(name)
  if (process.versions.node !== version) {
    throw new Error(
      `package: runs on Node ${process.versions.node}, and the lockfile has ${name} ${version}; use "npm run package"`,
    )
  }
  const installed = join('node_modules', name)
  if (existsSync(join(installed, 'bin/node'))) return filesIn(installed)
  const archive = join(cacheFolder, `${name}-${version}.tgz`)
  mkdirSync(cacheFolder, { recursive: true })
  if (!existsSync(archive)) {
    makeWhole(archive, (folder) => {
      execFileSync('npm', ['pack', `${name}@${version}`, '--pack-destination', folder, '--loglevel=error'], {
        stdio: ['ignore', 'ignore', 'inherit'],
        // Where a proxy has a certificate of its own, the system knows it, and Node by itself does not.
        env: { ...process.env, NODE_USE_SYSTEM_CA: '1' },
      })
      return join(folder, `${name}-${version}.tgz`)
    })
  }
  const checksum = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (checksum !== integrity) {
    throw new Error(
      `${archive}: is not the package of the lockfile (${checksum}, expected ${integrity}); remove the file and try again`,
    )
  }
  const unpacked = join(cacheFolder, `${name}-${version}`)
  if (!existsSync(unpacked)) {
    makeWhole(unpacked, (folder) => {
      execFileSync('tar', [
        '-xzf',
        archive,
        '-C',
        folder,
        '--strip-components=1',
        'package/bin/node',
        'package/LICENSE',
      ])
      return folder
    })
  }
  return filesIn(unpacked)
}

/**
 * `make` gets a folder of its own and returns what it has made there. That comes to `path` in one step, so that nobody
 * who builds at the same time sees half of it; whoever comes second leaves what is there.
 */
function makeWhole(path: string, make: (folder: string) => string): void {
  const folder = mkdtempSync(`${path}.`)
  try {
    const made = make(folder)
    if (!existsSync(path)) renameSync(made, path)
  } catch (error) {
    if (!existsSync(path)) throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const filesIn = (folder: string): NodeRelease => ({
  binary: join(folder, 'bin/node'),
  license: join(folder, 'LICENSE'),
})

function lockedPackage(name: string): { version: string; integrity: string } {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string; integrity: string } | undefined>
  }
  const locked = packages[`node_modules/${name}`]
  if (locked === undefined) throw new Error(`package-lock.json: has no ${name}; see tools/node-runtime`)
  return locked
}
