import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { endEarlyAsFirstProcess } from '../../src/end-early.ts'

class Host extends EventEmitter {
  readonly pid: number
  readonly exits: number[] = []
  constructor(pid: number) {
    super()
    this.pid = pid
  }
  exit(code: number): void {
    this.exits.push(code)
  }
}

/** Handlers for SIGTERM (bit 14) and SIGINT (bit 1), as Node has them while it starts. */
const bothCaught = () => 'Name:\tnode\nSigCgt:\t0000000000004002\n'

test('the first process of a container ends at once, with the code that a shell would show', () => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const host = new Host(1)
    endEarlyAsFirstProcess(host, bothCaught)
    assert.deepEqual(host.exits, [])
    host.emit(signal)
    assert.deepEqual(host.exits, [code])
  }
})

test('whoever listens later has the word from then on', () => {
  const host = new Host(1)
  endEarlyAsFirstProcess(host, bothCaught)
  host.on('SIGTERM', () => {})
  host.emit('SIGTERM')
  assert.deepEqual(host.exits, [])
})

test('a signal that came while Node itself was starting is noticed by the handler that it has used up', () => {
  for (const [caught, code] of [
    ['0000000000000002', 143],
    ['0000000000004000', 130],
  ] as const) {
    const host = new Host(1)
    endEarlyAsFirstProcess(host, () => `SigCgt:\t${caught}\n`)
    assert.deepEqual(host.exits, [code])
  }
})

test('without /proc nothing is assumed; any other process is left to the kernel', () => {
  const first = new Host(1)
  endEarlyAsFirstProcess(first, () => undefined)
  assert.deepEqual(first.exits, [])
  const other = new Host(7)
  endEarlyAsFirstProcess(other, () => 'SigCgt:\t0000000000000000\n')
  assert.deepEqual([other.exits, other.eventNames()], [[], []])
})
