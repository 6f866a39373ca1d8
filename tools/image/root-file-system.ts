import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

import { foldersOf, type TarEntry } from './tar.ts'

/** Where certificate authorities are on the distributions that people build on. */
const certificateBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]
/** Name resolution loads these at run time, where the C library does not have them inside. */
const resolverLibraries = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']

const text = (path: string, content: string): TarEntry => ({ path, mode: 0o644, content: Buffer.from(content) })

/**
 * Everything that Node needs and nothing else: its binary, the libraries that it is linked with, certificates, two
 * users. Linux with glibc only.
 */
export function nodeRootFileSystem(nodeBinary: string): TarEntry[] {
  const linked = execFileSync('ldd', [nodeBinary], { encoding: 'utf8' })
  const libraries = [...linked.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? '')
  const libc = libraries.find((path) => basename(path) === 'libc.so.6')
  if (libc === undefined)
    throw new Error(`${nodeBinary}: is not linked with glibc, so its libraries cannot be collected`)
  const resolvers = resolverLibraries.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path))
  const certificates = certificateBundles.find((path) => existsSync(path))
  if (certificates === undefined) throw new Error('no CA certificates on this machine; install ca-certificates')
  const copied = [...new Set([...libraries, ...resolvers])].map((path): TarEntry => ({
    path: path.slice(1),
    mode: 0o755,
    content: readFileSync(path),
  }))
  const files = [
    ...copied,
    { path: 'usr/bin/node', mode: 0o755, content: readFileSync(nodeBinary) },
    { path: 'etc/ssl/certs/ca-certificates.crt', mode: 0o644, content: readFileSync(certificates) },
    text('etc/passwd', 'root:x:0:0::/:/\nnonroot:x:65532:65532::/:/\n'),
    text('etc/group', 'root:x:0:\nnonroot:x:65532:\n'),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
  ]
  return [...foldersOf(files.map(({ path }) => path)), { path: 'tmp/', mode: 0o1777 }, ...files]
}

/** The bundled programs below /app, with what lies beside them, without source maps. */
export function programFiles(dist: string): TarEntry[] {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file): TarEntry => ({ path: `app/${relative(dist, file)}`, mode: 0o755, content: readFileSync(file) }))
  return [...foldersOf(files.map(({ path }) => path)), ...files]
}
