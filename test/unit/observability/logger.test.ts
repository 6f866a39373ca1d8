import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { createLogger, type LogKeys, type Logger, type LogLevel } from '../../../src/observability/logger.ts'

function linesOf(level: LogLevel, write: (logger: Logger) => void): Record<string, unknown>[] {
  const text = textOf(level, {}, write)
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
}

function textOf(level: LogLevel, options: { keys?: LogKeys }, write: (logger: Logger) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-log-'))
  const path = join(folder, 'log')
  const fd = openSync(path, 'w')
  try {
    write(createLogger({ level, name: 'test', fd, ...options }))
    return readFileSync(path, 'utf8').trim()
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  }
}

test('a line is one JSON object with component, severity, message, time and details', () => {
  const [line] = linesOf('info', (logger) =>
    logger.child({ pod: 'r-0' }).info({ outcome: 'stored' }, 'delivery.attempted'),
  )
  assert.equal(line?.['component'], 'test')
  assert.equal(line['message'], 'delivery.attempted')
  assert.equal(line['outcome'], 'stored')
  assert.equal(line['pod'], 'r-0')
  assert.equal(line['severity'], 'INFO')
  assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual(Object.keys(line).slice(0, 3), ['severity', 'time', 'component'])
})

test('severities are the words of Cloud Logging, and each key stands once', () => {
  const text = textOf('debug', {}, (logger) => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({ name: 'x' }, 'role.fault')
  })
  assert.deepEqual(text.match(/(?<="severity":")[A-Z]+/g), ['DEBUG', 'INFO', 'WARNING', 'ERROR'])
  for (const key of ['severity', 'message', 'time', 'component', 'name'])
    assert.equal(text.match(new RegExp(`"${key}":`, 'g'))?.length, 4, key)
})

test('the three keys have the names that a collector wants', () => {
  const keys = { severity: 'level', message: 'msg', time: '@timestamp' }
  const line = JSON.parse(textOf('info', { keys }, (logger) => logger.warn({}, 'role.fault'))) as object
  assert.deepEqual(Object.keys(line), ['level', '@timestamp', 'component', 'msg'])
})

test('text given as an error has the shape of an error, its secrets hidden', () => {
  const [line] = linesOf('info', (logger) => logger.warn({ error: 'Bearer leak refused' }, 'role.fault'))
  assert.deepEqual(line?.['error'], { message: '[redacted] refused' })
})

test('lines below the level are not written', () => {
  const lines = linesOf('warn', (logger) => {
    logger.debug({}, 'jwks.read')
    logger.info({}, 'role.stopped')
    logger.warn({}, 'jwks.unreadable')
    logger.error({}, 'role.fault')
  })
  assert.deepEqual(
    lines.map((line) => line['message']),
    ['jwks.unreadable', 'role.fault'],
  )
})

for (const key of ['apiKey', 'secret', 'signingSecret', 'token', 'authorization', 'signature', 'body']) {
  test(`a detail named ${key} is hidden at the top and one level down`, () => {
    const text = JSON.stringify(
      linesOf('debug', (logger) => {
        logger.info({ [key]: 'leak-1', request: { [key]: 'leak-2' } }, 'role.fault')
        logger.child({ [key]: 'leak-3' }).warn({}, 'role.fault')
      }),
    )
    assert.doesNotMatch(text, /leak-/)
    assert.match(text, /\[redacted\]/)
  })
}

const failures: { name: string; error: Error }[] = [
  {
    name: 'without what hangs on it',
    error: Object.assign(new Error('x'), { secret: 'leak', response: { body: 'leak' } }),
  },
  { name: 'without its cause', error: new Error('x', { cause: new Error('leak') }) },
  {
    name: 'without the text that JSON.parse quotes',
    error: new SyntaxError('Unexpected token, "leak" is not valid JSON'),
  },
  { name: 'with signing secrets hidden', error: new Error('got {"secret":"whsec_leakleakleak="}') },
  { name: 'with API keys hidden', error: new Error('key AIzaSyleakleakleak refused') },
  { name: 'with bearer tokens hidden', error: new Error('sent Authorization: Bearer leak.leak') },
]
for (const { name, error } of failures) {
  test(`an error among the details is written ${name}`, () => {
    const [line] = linesOf('debug', (logger) => logger.error({ error }, 'role.fault'))
    assert.doesNotMatch(JSON.stringify(line), /leak/)
    assert.equal(Object(line?.['error']).type, error.name)
  })
}

test('an error keeps what helps to find it: type, code, status, message, frames', () => {
  const error = Object.assign(new TypeError('cannot do that'), { code: 'ERR_TEST', status: 503 })
  const [line] = linesOf('debug', (logger) => logger.error({ error }, 'role.fault'))
  const described = line?.['error'] as Record<string, unknown>
  assert.deepEqual(
    { ...described, stack: undefined },
    { type: 'TypeError', code: 'ERR_TEST', status: 503, message: 'cannot do that', stack: undefined },
  )
  assert.match(String(described['stack']).split('\n')[0] ?? '', /logger\.test\.ts/)
})
