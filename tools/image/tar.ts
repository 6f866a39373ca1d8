/**
 * A file, folder or link of an archive. Everything belongs to root and is as old as the epoch: the same content gives
 * the same bytes.
 */
export interface TarEntry {
  /** Without a leading slash; folders end with one. */
  path: string
  /** Octal digits of the permissions. */
  mode: number
  content?: Uint8Array
  /** A symbolic link to there. */
  link?: string
}

const blockBytes = 512
const ustarVersion = '00'
/** What the header's fields hold; nothing here is longer. */
const maxPathBytes = 100

/** A ustar archive, entries sorted by path. Throws when a path is longer than 100 bytes. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const blocks = sorted.flatMap((entry) => {
    const content = entry.content ?? new Uint8Array()
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)
    return [headerOf(entry, content.length), content, padding]
  })
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)])
}

function headerOf({ path, mode, link = '', content }: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(path) > maxPathBytes || Buffer.byteLength(link) > maxPathBytes) {
    throw new Error(`${path}: is longer than the ${maxPathBytes} bytes that a tar header holds; shorten it`)
  }
  const header = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  header.write(path, 0)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  header.write(typeFlag(path, link, content), 156)
  header.write(link, 157)
  header.write(`ustar\0${ustarVersion}`, 257, 'latin1')
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function typeFlag(path: string, link: string, content: Uint8Array | undefined): string {
  if (link !== '') return '2'
  return path.endsWith('/') && content === undefined ? '5' : '0'
}

/** The folders above the paths, each once. */
export function foldersOf(paths: readonly string[]): TarEntry[] {
  const folders = new Set<string>()
  for (const path of paths) {
    const parts = path.split('/').slice(0, -1)
    parts.forEach((_, index) => folders.add(`${parts.slice(0, index + 1).join('/')}/`))
  }
  return [...folders].map((path) => ({ path, mode: 0o755 }))
}
