import assert from 'node:assert/strict'
import { test } from 'node:test'

import { boundLines } from '../../../src/observability/bounded-lines.ts'
import type { Logger } from '../../../src/observability/logger.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

interface Line extends Record<string, unknown> {
  level: string
}

function aLog() {
  const lines: Line[] = []
  const write = (level: string) => (details: Readonly<Record<string, unknown>>) =>
    void lines.push({ level, ...details })
  const inner: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => inner,
  }
  const clock = new FakeClock()
  return { clock, lines, logger: boundLines(inner, clock) }
}

const of = (namespace: string, name = 'a') => ({ namespace, name })

test('the lines about one object are bounded in every second, and the next one says how many were left out', async () => {
  const { logger, lines, clock } = aLog()
  for (let n = 0; n < 500; n += 1) logger.info(of('loud'), 'delivery.attempted')
  assert.equal(lines.length, 20)
  logger.info(of('quiet'), 'delivery.attempted')
  assert.deepEqual(lines.at(-1), { level: 'info', ...of('quiet') }, 'others are told as ever')
  logger.warn(of('loud'), 'delivery.attempted')
  assert.deepEqual(lines.at(-1), { level: 'warn', ...of('loud') }, 'successes hide no failure')
  await clock.advance({ seconds: 1 })
  logger.info(of('loud'), 'delivery.attempted')
  assert.deepEqual(lines.at(-1), { level: 'info', ...of('loud'), suppressedLines: 480 })
})

test('many objects of one namespace have no more lines than it has', () => {
  const { logger, lines } = aLog()
  for (let n = 0; n < 1_000; n += 1) logger.warn(of('loud', `o-${n}`), 'delivery.attempted')
  assert.equal(lines.length, 100)
  logger.warn(of('quiet'), 'delivery.attempted')
  assert.equal(lines.length, 101)
})

test('lines about no object pass, and so does what is asked for in detail', () => {
  const { logger, lines } = aLog()
  for (let n = 0; n < 300; n += 1) {
    logger.error({}, 'dispatcher.fault')
    logger.debug(of('loud'), 'delivery.settled')
  }
  assert.equal(lines.length, 600)
})
