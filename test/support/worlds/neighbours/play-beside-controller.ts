import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startSimulatedOperator, type SimulatedOperator, type TenantVerbs } from '../simulated-operator.ts'
import { timeVictim, type Waited } from './time-victim.ts'

/**
 * As many lives, one after the other; each begins a second later in the round of the receivers, who report every five.
 */
const reportsMs = 5_000
const lives = [0, 1, 2, 3, 4]
const besideNames = lives.map((life) => `beside-${life}`)
/**
 * Below this nothing is compared. Alone most calls wait for nothing, which takes no simulated time at all; beside a
 * crowd that uses up the pace of calls to the API server, 50 a second, each waits for another one or two, and a
 * registration makes a dozen.
 */
const turnsMs = 600

export interface Scene {
  readonly operator: SimulatedOperator
  /** Of the victim. */
  readonly apiKey: string
  /** Who attacks, in the namespace `evil`. Without an API key so far. */
  readonly evil: TenantVerbs
  /** The objects of the victim that will be timed beside the attack. */
  readonly victims: readonly string[]
}

/**
 * An attack on the controller, beside a victim in another namespace, on simulated time: what each waits for in queues,
 * budgets and pauses is exact, and no load of the machine is in it. `begin` resolves when the attack is at its height,
 * with what goes on at each step of time.
 */
export function playBesideController(
  name: string,
  begin: (scene: Scene) => Promise<(() => Promise<unknown>) | undefined>,
  flags: readonly string[] = [],
): void {
  test(name, async (t) => {
    const operator = await startSimulatedOperator(t)
    const apiKey = await operator.giveApiKey('own')
    await operator.startController(['--no-leader-election', ...flags])
    await operator.startReceiver()
    const evil = await operator.addTenant('evil')
    // The first finds nothing there, and makes what all share.
    await timeVictim(operator, 'first')
    const timeAll = async (names: readonly string[], meanwhile?: () => Promise<unknown>) => {
      const waited: Waited[] = []
      for (const [life, victim] of names.entries()) {
        await operator.clock.advance({
          ms: reportsMs - (operator.clock.now() % reportsMs) + life * (reportsMs / names.length),
        })
        waited.push(await timeVictim(operator, victim, meanwhile))
      }
      return waited
    }
    const alone = await timeAll(lives.map((life) => `alone-${life}`))
    const meanwhile = await begin({ operator, apiKey, evil, victims: besideNames })
    const beside = await timeAll(besideNames, meanwhile)
    for (const what of ['registration', 'proof', 'status', 'rotation'] as const) {
      const longest = (waited: readonly Waited[]) => Math.max(...waited.map((each) => each[what]))
      const [aloneMs, besideMs] = [longest(alone), longest(beside)]
      t.diagnostic(`${what}: alone ${aloneMs} ms, beside the attack ${besideMs} ms of simulated time`)
      assert.ok(besideMs <= Math.max(2 * aloneMs, turnsMs), `${what}: ${besideMs} ms, alone ${aloneMs} ms`)
    }
  })
}
