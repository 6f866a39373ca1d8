import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { bundledProgram } from '../../processes/bundled-program.ts'
import { withoutNatsServer } from '../../processes/nats-server.ts'
import type { Tenant } from './a-tenant.ts'
import { AttackProcess, isAttacker, playAttack } from './attack-process.ts'
import { startAttackedReceiver, type Driver } from './attacked-receiver.ts'
import { Victim, type Seen, type Times } from './victim.ts'

/** More attacks, for longer: GWH_NEIGHBOURS=long. The gate plays one of each kind, shortened. */
export const isLong = process.env['GWH_NEIGHBOURS'] === 'long'
/**
 * How long the victim sends before anything is measured: the first hundreds of requests of a process are slower than
 * all others.
 */
const warmUpMs = 1_000
/** On a quiet machine; that figure is told, and nothing is compared with it. */
const aloneMs = isLong ? 30_000 : 1_000
/** While the attack is aimed at another receiver, and then at the victim's. */
const attackedMs = isLong ? 120_000 : 2_500
/**
 * Below this a p99 is not compared: of some hundred deliveries it is the second or third slowest, and one collection of
 * garbage in the receiver, in the victim's own process or one wait for a processor is as long. Of these attacks, none
 * that harmed stayed below ten times as much.
 */
const granularityMs = 50
/**
 * Harm is there every time that a scene is played; what others have the machine do is not. What is refused or lost
 * counts at once.
 */
const mostRounds = 3

export interface Target {
  readonly port: number
  readonly healthPort: number
}

export interface Around extends Target {
  /** Aborts when the scene is over. */
  readonly signal: AbortSignal
}

export interface Attack {
  readonly attackers: readonly Tenant[]
  readonly flags?: readonly string[]
  /** What the inbox may hold. */
  readonly inboxMax?: string
  /**
   * Where a piece of the attack that cannot be divided takes longer than `granularityMs`: below this a p99 is not
   * compared.
   */
  readonly indivisibleMs?: number
  /** The victim opens a connection for each delivery, as through a load balancer that keeps none. */
  readonly fresh?: boolean
  /** Resolves when the attack is at its height; it goes on until the signal. */
  readonly begin: (around: Around) => Promise<void>
}

/**
 * The scene on both drivers. The victim sends alone on a quiet machine; then alone at its receiver, while the attack is
 * aimed at another receiver of the same kind, so that the machine is as busy and nothing else is shared; then beside
 * the attack at its own receiver. Between the last two it must see no difference. `prepare` and what it returns run in
 * a process of the attack's own.
 */
export function playBeside(name: string, prepare: (t: TestContext) => Promise<Attack>): void {
  if (isAttacker) return playAttack(name, prepare)
  const program = bundledProgram()
  for (const driver of ['sqlite', 'JetStream'] as const) {
    const skip = driver === 'JetStream' && withoutNatsServer
    test(`${name}: ${driver}`, { timeout: 900_000, skip }, (t) => play(t, name, { program, driver }))
  }
}

async function play(t: TestContext, name: string, kind: { program: string; driver: Driver }): Promise<void> {
  const victim = await Victim.start(t)
  const missed: string[] = []
  for (let round = 0; round < mostRounds; round++) {
    const misses = await playOnce(t, name, { ...kind, victim })
    if (misses.length === 0) return
    missed.push(...misses)
  }
  assert.fail(missed.join('; '))
}

/** Returns what was slower beside the attack than it may be. */
async function playOnce(
  t: TestContext,
  name: string,
  { program, driver, victim }: { program: string; driver: Driver; victim: Victim },
): Promise<string[]> {
  const [elsewhere, beside] = [new AttackProcess(name), new AttackProcess(name)]
  t.after(() => Promise.all([elsewhere.stop(), beside.stop()]))
  const ofOwn = { program, driver, attack: await beside.prepared, others: [victim.tenant.entry] }
  const own = await startAttackedReceiver(t, ofOwn)
  const another = await startAttackedReceiver(t, { program, driver, attack: await elsewhere.prepared, others: [] })

  const { fresh = false, indivisibleMs = granularityMs } = await beside.prepared
  const send = (durationMs: number) => victim.sendFor(durationMs, own.target.port, { fresh })
  await send(warmUpMs)
  const quiet = await send(aloneMs)
  await elsewhere.begin(another.target)
  const control = await send(attackedMs)
  await elsewhere.stop()
  await another.stop()
  await beside.begin(own.target)
  const attacked = await send(attackedMs)
  await beside.stop()
  await own.stop()

  t.diagnostic(`alone on a quiet machine: ${told(quiet)}`)
  t.diagnostic(`while another is attacked: ${told(control)}`)
  t.diagnostic(`beside the attack:         ${told(attacked)}`)
  for (const { refused } of [quiet, control, attacked]) {
    assert.deepEqual([...refused], [], 'nothing of the victim is refused')
  }
  return (['answer', 'delivery'] as const).flatMap((what) => {
    const [{ p99: controlMs }, { p99: attackedMs }] = [control[what], attacked[what]]
    const isWell = attackedMs <= Math.max(2 * controlMs, indivisibleMs)
    return isWell ? [] : [`${what}: p99 ${attackedMs} ms, and ${controlMs} ms while another is attacked`]
  })
}

function told({ sent, answer, delivery }: Seen): string {
  return `${sent} sent, answered ${timesOf(answer)}, delivered ${timesOf(delivery)}`
}

function timesOf({ p50, p99, max }: Times): string {
  return `p50 ${p50} p99 ${p99} max ${max} ms`
}
