import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { rootCertificates } from 'node:tls'

import { withoutSymbols } from './strip-elf.ts'
import { foldersOf, type TarEntry } from './tar.ts'

/** Name resolution loads these at run time, where the C library does not have them inside. */
const resolverLibraries = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']
const osReleaseFile = '/etc/os-release'

export const text = (path: string, content: string): TarEntry => ({ path, mode: 0o644, content: Buffer.from(content) })

/**
 * The shared libraries that Node is linked with or loads by name, as this machine has them. Linux with glibc only; the
 * dynamic linker itself tells them, since `ldd` is a shell script and a place to build in need not have a shell.
 */
export function librariesOf(nodeBinary: string): string[] {
  const linked = execFileSync(nodeBinary, { encoding: 'utf8', env: { LD_TRACE_LOADED_OBJECTS: '1' } })
  const libraries = [...linked.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? '')
  const libc = libraries.find((path) => basename(path) === 'libc.so.6')
  if (libc === undefined)
    throw new Error(`${nodeBinary}: is not linked with glibc, so its libraries cannot be collected`)
  const resolvers = resolverLibraries.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path))
  return [...new Set([...libraries, ...resolvers])]
}

/** What this machine says of its distribution, whose libraries these are. Empty where it says nothing. */
export const readOsRelease = () => (existsSync(osReleaseFile) ? readFileSync(osReleaseFile, 'utf8') : '')

/**
 * Everything that Node needs and nothing else: its binary without symbols, its libraries, the certificate authorities
 * that Node itself trusts (not those of this machine, which may trust a proxy), two users.
 */
export function nodeRootFileSystem(nodeBinary: string, libraries: readonly string[]): TarEntry[] {
  const files = [
    ...libraries.map((path): TarEntry => ({ path: path.slice(1), mode: 0o755, content: readFileSync(path) })),
    { path: 'usr/bin/node', mode: 0o755, content: withoutSymbols(readFileSync(nodeBinary)) },
    text('etc/ssl/certs/ca-certificates.crt', `${rootCertificates.join('\n')}\n`),
    text('etc/passwd', 'root:x:0:0::/:/\nnonroot:x:65532:65532::/:/\n'),
    text('etc/group', 'root:x:0:\nnonroot:x:65532:\n'),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    text('etc/os-release', readOsRelease()),
  ]
  return [...foldersOf(files.map(({ path }) => path)), { path: 'tmp/', mode: 0o1777 }, ...files]
}

/** The bundled programs below /app, with what lies beside them, without source maps; and `more` files. */
export function programFiles(dist: string, more: readonly TarEntry[] = []): TarEntry[] {
  const programs = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file): TarEntry => ({ path: `app/${relative(dist, file)}`, mode: 0o755, content: readFileSync(file) }))
  const files = [...programs, ...more]
  return [...foldersOf(files.map(({ path }) => path)), ...files]
}
