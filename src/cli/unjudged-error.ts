/**
 * What was asked for could not be judged: the answer is none that this program understands, or what it takes could not
 * be read. Never good news.
 */
export class UnjudgedError extends Error {
  override readonly name = 'UnjudgedError'
}
