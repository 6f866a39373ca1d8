import assert from 'node:assert/strict'
import { test } from 'node:test'

import { cpuMsInStat } from '../../../bench/delivery/cpu-in-stat.ts'

test('user and system time are ticks of ten milliseconds, whatever the program is called', () => {
  const rest = 'S 1 4242 4242 0 -1 4194560 1530 0 2 0 120 34 0 0 20 0 9 0 88001 1268477952 4433'
  assert.equal(cpuMsInStat(`4242 (nats-server) ${rest}`), 1_540)
  assert.equal(cpuMsInStat(`4242 (a) b (c) 7 8) ${rest}`), 1_540)
})
