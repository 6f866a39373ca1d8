const headerBytes = 64
/** Where a 64-bit header says where the tables of segments and of sections are, and how long. */
const at = {
  segments: 32,
  sections: 40,
  segmentSize: 54,
  segmentCount: 56,
  sectionSize: 58,
  sectionCount: 60,
  names: 62,
}
const inSegment = { offset: 8, fileSize: 32 }

/**
 * A 64-bit little-endian ELF program without what no segment holds, and so is never loaded: symbols for a linker, debug
 * information, the table of sections. It runs as before, and stack traces name functions as before, by the symbols that
 * are exported. Throws for any other file.
 */
export function withoutSymbols(program: Buffer): Buffer {
  if (program.subarray(0, 6).toString('latin1') !== '\u007fELF\u0002\u0001')
    throw new Error('the Node binary is no 64-bit little-endian ELF file; the image is for Linux on x64 and arm64')
  const table = Number(program.readBigUInt64LE(at.segments))
  const [size, count] = [program.readUInt16LE(at.segmentSize), program.readUInt16LE(at.segmentCount)]
  const ends = Array.from({ length: count }, (_, index) => {
    const segment = program.subarray(table + index * size)
    return Number(segment.readBigUInt64LE(inSegment.offset) + segment.readBigUInt64LE(inSegment.fileSize))
  })
  const stripped = Buffer.from(program.subarray(0, Math.max(headerBytes, table + count * size, ...ends)))
  stripped.writeBigUInt64LE(0n, at.sections)
  for (const field of [at.sectionSize, at.sectionCount, at.names]) stripped.writeUInt16LE(0, field)
  return stripped
}
