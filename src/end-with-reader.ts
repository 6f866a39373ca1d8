/** The part of `process` that is needed, so that a test can replace it. */
interface WritingProcess {
  readonly stdout: Pick<NodeJS.WriteStream, 'on'>
  readonly stderr: Pick<NodeJS.WriteStream, 'on' | 'write'>
  readonly exit: (code: number) => void
}

/** As a shell tells of a program that SIGPIPE ended; Node ignores this signal. */
const readerGone = 128 + 13

/**
 * Ends the program when nobody reads what it prints any more, as in `gwh listen | head -1`, and when it cannot be
 * written: with a sentence instead of a stack trace.
 */
export function endWithReader({ stdout, stderr, exit }: WritingProcess): void {
  stdout.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return exit(readerGone)
    stderr.write(`gwh: standard output cannot be written (${code})\n`)
    exit(1)
  })
  stderr.on('error', ({ code }: NodeJS.ErrnoException) => exit(code === 'EPIPE' ? readerGone : 1))
}
