import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { type Logger, silentLogger } from '../../../src/observability/logger.ts'
import { runUntilStopped, type RunningRole } from '../../../src/roles/run-until-stopped.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

class Host extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}

const never = new Promise<never>(() => {})

function run(start: (signal: AbortSignal) => Promise<RunningRole>) {
  const [host, clock, log] = [new Host(), new FakeClock(), [] as string[]]
  const note = (_details: object, message: string) => void log.push(message)
  const logger: Logger = { ...silentLogger, info: note, error: note }
  const code = runUntilStopped({ start, host, logger, clock, stopWithinMs: 10_000 })
  return { host, clock, log, code }
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} stops the role in order and ends with 0`, async () => {
    let stops = 0
    const stop = async () => void (stops += 1)
    const { host, code, log } = run(async () => ({ stop, ended: never }))
    await settle()
    host.emit(signal, signal)
    assert.equal(await code, 0)
    assert.equal(stops, 1)
    assert.deepEqual(log, ['role.stopping', 'role.stopped'])
    assert.equal(host.eventNames().length, 0, 'no listeners stay behind')
  })
}

test('a start that waits for something away is cut off, soon after the signal', async () => {
  const { host, clock, code, log } = run(() => never)
  await settle()
  host.emit('SIGTERM', 'SIGTERM')
  await clock.advance({ ms: 500 })
  assert.equal(await code, 0)
  assert.deepEqual([host.exits, log], [[0], ['role.stopping', 'role.stopped']])
})

test('a start that ends soon after the signal is stopped in order', async () => {
  const { promise, resolve } = Promise.withResolvers<RunningRole>()
  let stops = 0
  const { host, clock, code } = run(() => promise)
  await settle()
  host.emit('SIGTERM', 'SIGTERM')
  await clock.advance({ ms: 400 })
  resolve({ stop: async () => void (stops += 1), ended: never })
  assert.equal(await code, 0)
  await clock.advance({ seconds: 1 })
  assert.deepEqual([host.exits, stops], [[], 1])
})

test('a second signal does not wait for the stop', async () => {
  const { host } = run(async () => ({ stop: () => never, ended: never }))
  await settle()
  host.emit('SIGTERM', 'SIGTERM')
  await settle()
  assert.deepEqual(host.exits, [])
  host.emit('SIGINT', 'SIGINT')
  assert.deepEqual(host.exits, [1])
})

test('a stop that takes too long ends with 1', async () => {
  const { host, clock, code, log } = run(async () => ({ stop: () => never, ended: never }))
  await settle()
  host.emit('SIGTERM', 'SIGTERM')
  await clock.advance({ seconds: 10 })
  assert.equal(await code, 1)
  assert.deepEqual(log, ['role.stopping', 'role.stop_failed'])
})

test('a stop that fails ends with 1', async () => {
  const { host, code } = run(async () => ({ stop: () => Promise.reject(new Error('disk')), ended: never }))
  await settle()
  host.emit('SIGTERM', 'SIGTERM')
  assert.equal(await code, 1)
})

test('a role that ends by itself is still stopped in order, and ends with 1', async () => {
  let stops = 0
  const stop = async () => void (stops += 1)
  const { code, log } = run(async () => ({ stop, ended: Promise.resolve('lease lost') }))
  assert.equal(await code, 1)
  assert.equal(stops, 1)
  assert.deepEqual(log, ['role.ended', 'role.stopped'])
})

test('a role that cannot start ends with 1 and nothing is stopped', async () => {
  const { code, log } = run(() => Promise.reject(new Error('port taken')))
  assert.equal(await code, 1)
  assert.deepEqual(log, ['role.start_failed'])
})

function startUntilAborted(signal: AbortSignal): Promise<RunningRole> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
}

test('a signal during the start gives the start up and ends with 0', async () => {
  const { host, code, log } = run(startUntilAborted)
  host.emit('SIGTERM', 'SIGTERM')
  assert.equal(await code, 0)
  assert.deepEqual(log, ['role.stopping'])
})

test('a role that had started before it saw the signal is stopped', async () => {
  const { promise: started, resolve: finishStart } = Promise.withResolvers<RunningRole>()
  let stops = 0
  const { host, code } = run(() => started)
  host.emit('SIGTERM', 'SIGTERM')
  finishStart({ stop: async () => void (stops += 1), ended: never })
  assert.equal(await code, 0)
  assert.equal(stops, 1)
})

for (const event of ['unhandledRejection', 'uncaughtException']) {
  test(`${event} is logged and ends the process at once`, async () => {
    const { host, log } = run(async () => ({ stop: () => never, ended: never }))
    await settle()
    host.emit(event, new Error('unforeseen'))
    assert.deepEqual(host.exits, [1])
    assert.deepEqual(log, ['role.fault'])
  })
}
