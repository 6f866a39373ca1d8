/** The command line is wrong in a way that only the command itself can see: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
