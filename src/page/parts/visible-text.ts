/** A piece of text from outside: as it is, or a character that could not be seen or would deceive, by its name. */
export interface Piece {
  readonly text: string
  readonly isControl: boolean
}

/**
 * Control characters, and those that change the direction or join invisibly. A line feed and a tab are left alone where
 * `keepLines`.
 */
// oxlint-disable-next-line no-control-regex -- These are what is looked for.
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu

/** Splits text so that everything in it can be seen: `␀` for NUL, `U+202E` for what has no picture. Pure. */
export function visiblePieces(text: string, { keepLines = false }: { keepLines?: boolean } = {}): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const { 0: character, index } of text.matchAll(unseen)) {
    if (keepLines && (character === '\n' || character === '\t')) continue
    if (index > from) pieces.push({ text: text.slice(from, index), isControl: false })
    pieces.push({ text: pictureOf(character), isControl: true })
    from = index + character.length
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isControl: false })
  return pieces
}

function pictureOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  return code === 0x7f ? '\u2421' : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}
