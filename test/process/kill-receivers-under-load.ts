import type { TestContext } from 'node:test'

import { expectNothingLost, type Installation, type ReceiverPlace } from './expect-nothing-lost.ts'
import { pause } from '../support/measures/pause.ts'

/** The share of the kills that come before the receiver listens: recovering from a kill can be killed too. */
const startUpShare = 0.3
/** A first guess; from then on it is what the last start took. */
const startUpMs = 500
/** How long a receiver may serve before it is killed. */
const servingMs = 150
/** Acknowledged by each receiver that is killed while it serves, at least. */
const warmUp = 10

/**
 * Receivers that are killed with SIGKILL at random moments, while they start and while they serve, and started again.
 * `kills`: of all together.
 */
export async function killReceiversUnderLoad(t: TestContext, installation: Installation, kills: number): Promise<void> {
  const { receivers, random } = installation
  const killsEach = Math.ceil(kills / receivers)
  let whileStarting = 0
  await expectNothingLost(t, installation, async ({ places }) => {
    await Promise.all(
      places.map(async (place) => {
        let startMs = startUpMs
        for (let round = 0; round < killsEach; round += 1) {
          if (random() >= startUpShare) startMs = await killWhileServing(place, random() * servingMs)
          else if (await killAfter(place, random() * startMs)) whileStarting += 1
        }
      }),
    )
  })
  t.diagnostic(`${killsEach * receivers} kills, ${whileStarting} of them at start-up`)
}

/** Resolves with how long the start took, in milliseconds. */
async function killWhileServing(place: ReceiverPlace, afterMs: number): Promise<number> {
  const startedMs = performance.now()
  const { process } = await place.serve()
  const startMs = performance.now() - startedMs
  await place.acknowledges(warmUp)
  await pause(afterMs)
  await place.kill(process)
  return startMs
}

/** Resolves with whether it was killed before it served. */
async function killAfter(place: ReceiverPlace, afterMs: number): Promise<boolean> {
  const process = place.start()
  await pause(afterMs)
  await place.kill(process)
  return !process.lines.some(({ message }) => message === 'receiver.started')
}
