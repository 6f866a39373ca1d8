import assert from 'node:assert/strict'

import type { Combination } from './combinations.ts'
import { expectationFor } from './expectation.ts'
import { shortTimes } from './run-combination.ts'
import type { Mutation, World } from './operations.ts'

const mutations: readonly Mutation[] = ['create', 'update', 'delete', 'rotateSigningSecret']

/**
 * No more calls than what the operation costs, what one fault on the way may cost besides, and one list in each resync.
 */
export function assertCalls(world: World, combination: Combination, elapsedMs: number): void {
  const { operation, fault, setting } = combination
  const { counts } = world.calls()
  const undisturbed = fault.type === 'none' && setting.name === 'as by default'
  for (const verb of mutations) {
    // What the API server refuses costs no call at Google.
    const isExact = undisturbed || fault.type === 'refusal'
    const cost = (isExact ? operation.costs : operation.costsAtMost)[verb] ?? 0
    const { committed, received } = counts[verb]
    assert.ok(committed <= cost, `${verb} took effect ${committed} times, not at most ${cost}`)
    if (undisturbed) assert.equal(received, cost, `calls of ${verb}`)
  }
  const lists = 6 + (1.3 * elapsedMs) / shortTimes.resyncIntervalMs
  assert.ok(counts.list.received <= lists, `${counts.list.received} lists in ${elapsedMs} ms, not at most ${lists}`)
  // A refused change is tried five times, each after a read. Whoever comes after a death knows of no refusal and begins
  // anew.
  const isRefused = !expectationFor(combination).effect
  const reads = isRefused && fault.type === 'kill' ? 20 : 10
  assert.ok(counts.get.received <= reads, `${counts.get.received} reads by id, not at most ${reads}`)
  assert.ok(counts.ping.received <= 2 * shortTimes.pingAttempts, `${counts.ping.received} pings`)
}
