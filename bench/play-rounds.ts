/** What one round measured; names say the unit. */
export type Figures<Name extends string> = Readonly<Partial<Record<Name, number>>>

/** One server of several that are measured in turn. */
export interface Player<Name extends string, Input> {
  /** What tables call it. */
  readonly name: string
  play(input: Input): Promise<Figures<Name>>
}

export interface Played<Name extends string> {
  readonly name: string
  readonly rounds: readonly Figures<Name>[]
}

/**
 * Rounds alternate between the servers, every other one from the last to the first, so that whatever else the machine
 * does hits all of them. `prepare` makes what all of them play with in one round, told its number from 1.
 */
export async function playRounds<Name extends string, Input>(
  rounds: number,
  prepare: (round: number) => Input,
  players: readonly Player<Name, Input>[],
): Promise<Played<Name>[]> {
  const seats = players.map((player) => ({ player, rounds: [] as Figures<Name>[] }))
  for (let round = 1; round <= rounds; round += 1) {
    const input = prepare(round)
    const turn = round % 2 === 1 ? seats : seats.toReversed()
    for (const seat of turn) seat.rounds.push(await seat.player.play(input))
  }
  return seats.map(({ player: { name }, rounds: played }) => ({ name, rounds: played }))
}
