/**
 * The subject of a command could not be judged: this program does not understand the answer, or could not read what it
 * needs. It is not known to be well.
 */
export class UnjudgedError extends Error {
  override readonly name = 'UnjudgedError'
}
