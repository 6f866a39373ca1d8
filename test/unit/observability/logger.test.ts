import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { createLogger } from '../../../src/observability/logger.ts'
import type { Logger, LogLevel } from '../../../src/observability/logger.ts'

function linesOf(level: LogLevel, write: (logger: Logger) => void): Record<string, unknown>[] {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-log-'))
  const path = join(folder, 'log')
  const fd = openSync(path, 'w')
  try {
    write(createLogger({ level, name: 'test', fd }))
    const text = readFileSync(path, 'utf8').trim()
    return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  }
}

test('a line is one JSON object with name, level, message and details', () => {
  const [line] = linesOf('info', (logger) =>
    logger.child({ pod: 'r-0' }).info({ outcome: 'stored' }, 'delivery.received'),
  )
  assert.equal(line?.['name'], 'test')
  assert.equal(line['msg'], 'delivery.received')
  assert.equal(line['outcome'], 'stored')
  assert.equal(line['pod'], 'r-0')
})

test('lines below the level are not written', () => {
  const lines = linesOf('warn', (logger) => {
    logger.debug({}, 'debug')
    logger.info({}, 'info')
    logger.warn({}, 'warn')
    logger.error({}, 'error')
  })
  assert.deepEqual(
    lines.map((line) => line['msg']),
    ['warn', 'error'],
  )
})

for (const key of ['apiKey', 'secret', 'signingSecret', 'token', 'authorization', 'signature', 'body']) {
  test(`a detail named ${key} is hidden at the top and one level down`, () => {
    const text = JSON.stringify(
      linesOf('debug', (logger) => {
        logger.info({ [key]: 'leak-1', request: { [key]: 'leak-2' } }, 'constant')
        logger.child({ [key]: 'leak-3' }).warn({}, 'constant')
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
    for (const key of ['error', 'err']) {
      const [line] = linesOf('debug', (logger) => logger.error({ [key]: error }, 'constant'))
      assert.doesNotMatch(JSON.stringify(line), /leak/)
      assert.equal(Object(line?.[key]).type, error.name)
    }
  })
}

test('an error keeps what helps to find it: type, code, status, message, frames', () => {
  const error = Object.assign(new TypeError('cannot do that'), { code: 'ERR_TEST', status: 503 })
  const [line] = linesOf('debug', (logger) => logger.error({ error }, 'constant'))
  const described = line?.['error'] as Record<string, unknown>
  assert.deepEqual(
    { ...described, stack: undefined },
    { type: 'TypeError', code: 'ERR_TEST', status: 503, message: 'cannot do that', stack: undefined },
  )
  assert.match(String((described['stack'] as string[])[0]), /logger\.test\.ts/)
})
