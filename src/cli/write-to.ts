/** What text is written to. */
interface Target {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/**
 * Control characters but line feed and tab, and those that turn the direction of text or break lines unseen: a terminal
 * acts on them, so that text from outside could move the cursor, hide what stands before it, or type commands.
 */
const unsafe = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]--[\n\t]]/gv

/** The text with every character that a terminal would act on written as its escape, as JSON has it. */
export function visibleText(text: string): string {
  return text.replaceAll(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** How every command writes: to a terminal as visible text, to other programs the bytes as they are. */
export function writeTo(target: Target): (text: string) => void {
  return (text) => {
    target.write(target.isTTY === true ? visibleText(text) : text)
  }
}
