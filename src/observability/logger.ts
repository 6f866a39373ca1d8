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
    { level: options.level, name: options.name, base: { name: options.name }, redact: { paths, censor: '[redacted]' } },
    destination({ fd: options.fd ?? 1, sync: true }),
  )
}

/** For tests and callers that have nothing to say. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
