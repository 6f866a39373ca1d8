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
 * does hits all of them. `prepare` makes what all of them play with in one round.
 */
export async function playRounds<Name extends string, Input>(
  rounds: number,
  prepare: () => Input,
  players: readonly Player<Name, Input>[],
): Promise<Played<Name>[]> {
  const seats = players.map((player) => ({ player, rounds: [] as Figures<Name>[] }))
  for (let round = 0; round < rounds; round += 1) {
    const input = prepare()
    const turn = round % 2 === 0 ? seats : seats.toReversed()
    for (const seat of turn) seat.rounds.push(await seat.player.play(input))
  }
  return seats.map(({ player: { name }, rounds: played }) => ({ name, rounds: played }))
}
