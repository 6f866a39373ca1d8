import { visiblePieces } from './visible-text.ts'

/** Text from outside, as text: nothing in it is markup, and no character of it is invisible. */
export function Visible({ text, keepLines = false }: { text: string; keepLines?: boolean }) {
  return (
    <>
      {visiblePieces(text, { keepLines }).map((piece) =>
        piece.isControl ? <span class="control">{piece.text}</span> : piece.text,
      )}
    </>
  )
}
