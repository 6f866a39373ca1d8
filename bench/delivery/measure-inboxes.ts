import type { BenchmarkOptions, BenchmarkOutcome } from '../benchmark.ts'
import { compareRounds, comparisonTable, type Compared } from '../compare-rounds.ts'
import { machine } from '../machine.ts'
import { playRounds, type Player } from '../play-rounds.ts'
import type { Driver } from './drivers.ts'
import type { Load } from './measure-delivery.ts'

interface Rates {
  /** A second. */
  readonly rates: readonly number[]
  readonly rounds: number
  /** How long a round is. */
  readonly seconds: number
}

interface Level extends Compared {
  ratePerSecond: number
}

/** What one inbox is measured with. */
export interface Setting<Name extends string> {
  readonly players: readonly Player<Name, Load>[]
  /** Of the player that the others are put beside. */
  readonly subject: string
  /** New requests, as many as come in this time. */
  readonly loadOf: (ratePerSecond: number, seconds: number) => Load
}

interface Measurement<Name extends string, Plan extends Rates> {
  readonly drivers: readonly Driver[]
  readonly plan: Plan
  /** By figure, with its unit. */
  readonly labels: Readonly<Record<Name, string>>
  /** Of what the rates count. */
  readonly unit: string
  /** Goes into the result beside the figures. */
  readonly told: Readonly<Record<string, unknown>>
  /** Starts all that one inbox is measured with; goes with `parts`. Those that need it are warm afterwards. */
  readonly prepare: (driver: Driver, parts: AsyncDisposableStack) => Promise<Setting<Name>>
}

/** Every inbox at every rate, its players in turn. */
export async function measureInboxes<Name extends string, Plan extends Rates>(
  measurement: Measurement<Name, Plan>,
  options: BenchmarkOptions,
): Promise<BenchmarkOutcome> {
  const { drivers, plan, labels, unit, told } = measurement
  const inboxes: { inbox: Driver['name']; durability: string; levels: Level[] }[] = []
  for (const driver of drivers) {
    const levels = await measureInbox(driver, measurement, options)
    inboxes.push({ inbox: driver.name, durability: driver.durability, levels })
  }
  const hasJetstream = drivers.some(({ name }) => name === 'jetstream')
  const absent = hasJetstream ? {} : { absent: 'jetstream: no nats-server on PATH' }
  const text = inboxes.flatMap(({ inbox, durability, levels }) =>
    levels.map(
      (level) =>
        `\n${inbox} (${durability}), ${level.ratePerSecond}${unit} a second, rounds of ${plan.seconds} s: ` +
        `median of ${plan.rounds} (least–most)\n${comparisonTable(labels, level)}`,
    ),
  )
  return { result: { ...machine(), ...told, ...plan, inboxes, ...absent }, text: text.join('') }
}

async function measureInbox<Name extends string, Plan extends Rates>(
  driver: Driver,
  { plan, labels, prepare }: Measurement<Name, Plan>,
  options: BenchmarkOptions,
): Promise<Level[]> {
  await using own = new AsyncDisposableStack()
  const { players, subject, loadOf } = await prepare(driver, options.parts.use(own))
  const names = Object.keys(labels) as Name[]
  const levels: Level[] = []
  for (const ratePerSecond of plan.rates) {
    const newLoad = (round: number) => {
      options.progress(`${driver.name}, ${ratePerSecond} a second: round ${round} of ${plan.rounds}`)
      return loadOf(ratePerSecond, plan.seconds)
    }
    const played = await playRounds(plan.rounds, newLoad, players)
    levels.push({ ratePerSecond, ...compareRounds(names, played, subject) })
  }
  return levels
}
