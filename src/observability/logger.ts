import { destination, pino, stdTimeFunctions } from 'pino'

import type { LogEvent } from './log-events.ts'

/** Keys that every line has already, and those that log systems read as something else; an error is always `error`. */
type Reserved = 'message' | 'time' | 'severity' | 'level' | 'status' | 'component' | 'err'
type Details = Readonly<Record<string, unknown>> & Readonly<Partial<Record<Reserved, never>>>

type LogMethod = (details: Details, event: LogEvent) => void

/** What rooms may do with a log: events by name, details as keys. Never a secret, a token, a signature or a body. */
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

/** The names of the three keys that log collectors look for. */
export interface LogKeys {
  severity: string
  message: string
  time: string
}

/** Google Cloud Logging reads all three without configuration, Loki the severity, Datadog severity and message. */
export const defaultLogKeys: LogKeys = { severity: 'severity', message: 'message', time: 'time' }

const severities: Readonly<Record<string, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }

interface LoggerOptions {
  level: LogLevel
  /** Which part of the program it is. */
  name: string
  fd?: number
  keys?: LogKeys
}

/**
 * JSON lines on the file descriptor (1 = stdout). No transports: they are files of their own and get lost in a bundle.
 */
export function createLogger({ keys = defaultLogKeys, ...options }: LoggerOptions): Logger {
  const paths = redactedKeys.flatMap((key) => [key, `*.${key}`])
  return pino(
    {
      level: options.level,
      base: { component: options.name },
      messageKey: keys.message,
      timestamp: () => stdTimeFunctions.isoTime().replace('"time"', JSON.stringify(keys.time)),
      formatters: { level: (label) => ({ [keys.severity]: severities[label] ?? label }) },
      redact: { paths, censor: '[redacted]' },
      serializers: { error: describeError },
    },
    destination({ fd: options.fd ?? 1, sync: true }),
  )
}

const maxMessageLength = 500

/**
 * The parts of an error that people need. None of its other properties: libraries keep requests, answers and their
 * bodies there. A stack repeats the message, so only its frames are kept. Always an object, also for a text: a key must
 * not change its type from line to line. JSON.parse quotes what it read, so a SyntaxError goes without its message.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: hideSecrets(String(error)).slice(0, maxMessageLength) }
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    ...('code' in error && { code: String(error.code) }),
    ...('status' in error && { status: Number(error.status) }),
    ...(!(error instanceof SyntaxError) && { message: hideSecrets(error.message).slice(0, maxMessageLength) }),
    stack: frames
      ?.slice(0, 8)
      .map((line) => line.trim())
      .join('\n'),
  }
}

/** The last protection for text from outside: signing secrets, API keys, bearer tokens. */
function hideSecrets(text: string): string {
  return text.replace(/whsec_[\w+/=-]+|AIza[\w-]{8,}|Bearer \S+/g, '[redacted]')
}

/** For tests, and for callers without a log. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
