import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface DebianPackage {
  name: string
  version: string
  architecture: string
  /** The text that Debian asks to pass on, where the machine has kept it. */
  copyright?: string
}

/**
 * The packages that these files are of, each once and sorted; none where the machine is no Debian. Files are looked for
 * by folder and name: since /lib is a link to /usr/lib, some packages say the one and some the other.
 */
export function debianPackagesOf(files: readonly string[]): DebianPackage[] {
  const patterns = files.map((file) => `*/${basename(dirname(file))}/${basename(file)}`)
  // Ends with 1 when a file is of no package, and prints those of the others.
  const { stdout } = spawnSync('dpkg-query', ['--search', ...patterns], { encoding: 'utf8' })
  const owners = [...(stdout ?? '').matchAll(/^([a-z0-9][^ :]*(?::[a-z0-9]+)?): /gm)].map(([, owner = '']) => owner)
  return [...new Set(owners)].toSorted().map(packageOf)
}

function packageOf(owner: string): DebianPackage {
  const format = ['--show', '--showformat=${Package}\t${Version}\t${Architecture}', owner]
  const { stdout, status } = spawnSync('dpkg-query', format, { encoding: 'utf8' })
  const [name, version, architecture] = stdout.split('\t')
  if (status !== 0 || name === undefined || version === undefined || architecture === undefined)
    throw new Error(`dpkg-query does not know the package ${owner}, which it named itself`)
  const copyright = join('/usr/share/doc', name, 'copyright')
  return {
    name,
    version,
    architecture,
    ...(existsSync(copyright) && { copyright: readFileSync(copyright, 'utf8') }),
  }
}

/** `debian-12`, as package addresses name a distribution; undefined where /etc/os-release says nothing of the kind. */
export function distributionOf(osRelease: string): string | undefined {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]+)`, 'm').exec(osRelease)?.[1]
  const [id, version] = [field('ID'), field('VERSION_ID')]
  return id === undefined || version === undefined ? undefined : `${id}-${version}`
}
