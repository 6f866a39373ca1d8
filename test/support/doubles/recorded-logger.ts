import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { createLogger, silentLogger, type Logger } from '../../../src/observability/logger.ts'
import { recordFolder } from '../measures/run-record.ts'

const opened = new Map<string, Logger>()

/**
 * The product's own logger at its most talkative, writing into the record of the run; silent where no record is kept.
 */
export function recordedLogger(name: string): Logger {
  if (recordFolder === undefined) return silentLogger
  const known = opened.get(name)
  if (known !== undefined) return known
  mkdirSync(recordFolder, { recursive: true })
  const logger = createLogger({ level: 'debug', name, fd: openSync(join(recordFolder, `${name}.log`), 'a') })
  opened.set(name, logger)
  return logger
}
