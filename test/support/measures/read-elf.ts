export interface ElfFile {
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  machine: number
  /** What its notes hold, by their owners. */
  notes: ReadonlyMap<string, Buffer>
}

const noteSegment = 4

/** The header and the notes of a 64-bit little-endian ELF file, as Node reads its program from them. */
export function readElf(file: Buffer): ElfFile {
  if (file.subarray(0, 6).toString('latin1') !== '\u007fELF\u0002\u0001') throw new Error('no 64-bit little-endian ELF')
  const [at, size, count] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54), file.readUInt16LE(56)]
  const notes = new Map<string, Buffer>()
  for (let index = 0; index < count; index += 1) {
    const header = file.subarray(at + index * size)
    if (header.readUInt32LE(0) !== noteSegment) continue
    const [start, length] = [Number(header.readBigUInt64LE(8)), Number(header.readBigUInt64LE(32))]
    const alignment = Number(header.readBigUInt64LE(48)) === 8 ? 8 : 4
    for (const [owner, content] of notesIn(file.subarray(start, start + length), alignment)) notes.set(owner, content)
  }
  return { machine: file.readUInt16LE(18), notes }
}

function* notesIn(segment: Buffer, alignment: number): Generator<[string, Buffer]> {
  const aligned = (value: number) => Math.ceil(value / alignment) * alignment
  for (let at = 0; at + 12 <= segment.length;) {
    const [nameLength, length] = [segment.readUInt32LE(at), segment.readUInt32LE(at + 4)]
    const start = aligned(at + 12 + nameLength)
    yield [
      segment.toString('latin1', at + 12, at + 12 + nameLength).replace(/\0+$/, ''),
      segment.subarray(start, start + length),
    ]
    at = aligned(start + length)
  }
}
