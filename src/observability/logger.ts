import { destination, pino } from 'pino'

type LogMethod = (details: Readonly<Record<string, unknown>>, message: string) => void

/** What rooms may do with a log: constant messages, details as keys. Never a secret, a token, a signature or a body. */
export interface Logger {
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
  child(bindings: Readonly<Record<string, unknown>>): Logger
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Names under which a secret could slip into details by mistake; the rule is not to log them at all. */
const redactedKeys = ['apiKey', 'secret', 'signingSecret', 'token', 'authorization', 'signature', 'body']

/** JSON lines on the file descriptor (1 = stdout). No transports: they are files of their own and get lost in a bundle. */
export function createLogger(options: { level: LogLevel; name: string; fd?: number }): Logger {
  const paths = redactedKeys.flatMap((key) => [key, `*.${key}`])
  return pino(
    {
      level: options.level,
      base: { name: options.name },
      redact: { paths, censor: '[redacted]' },
      serializers: { error: describeError, err: describeError },
    },
    destination({ fd: options.fd ?? 1, sync: true }),
  )
}

const maxMessageLength = 500

/**
 * The parts of an error that people need. Nothing that hangs on it: libraries keep requests, answers and their bodies there. A stack repeats the
 * message, so only its frames are kept. JSON.parse quotes what it read, so a SyntaxError goes without its message.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    ...('code' in error && { code: String(error.code) }),
    ...('status' in error && { status: Number(error.status) }),
    ...(!(error instanceof SyntaxError) && { message: hideSecrets(error.message).slice(0, maxMessageLength) }),
    stack: frames?.slice(0, 8).map((line) => line.trim()),
  }
}

/** The last net under text that others wrote: signing secrets, API keys, bearer tokens. */
function hideSecrets(text: string): string {
  return text.replace(/whsec_[\w+/=-]+|AIza[\w-]{8,}|Bearer \S+/g, '[redacted]')
}

/** For tests and callers that have nothing to say. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
