import assert from 'node:assert/strict'

import { isConflict, isNotFound } from '../../../../src/kubernetes/client.ts'
import { mulberry32 } from '../../builders/seeded-random.ts'
import { eventually } from '../../measures/eventually.ts'
import { happenings, look, type Happening } from './happenings.ts'
import { name, openScene, type Scene } from './scene.ts'
import { unlike, unrestIn } from './unrest.ts'

/**
 * Passes that an object may need to come to rest once all is quiet; an endless row of steps is longer after some
 * moments.
 */
export const mostPasses = 60
/** What makes the pauses between the passes longer. */
const lengthening = new Set(['outage of Google', 'answers of Google are lost', 'outage of the API server'])

/** Passes over an object at rest, in some resyncs. */
const mostAtRest = 12
const watchMs = 2500

const patience = { timeoutMs: 90_000, intervalMs: 20 }

export interface History {
  /** What befell the object, in order. */
  befell: string[]
  /** Passes from quiet to rest. */
  passes: number
}

/**
 * Lets befall a registered object what the seed draws, at moments that it draws, and throws where the object does not
 * come to rest afterwards.
 */
export async function runHistory(seed: number): Promise<History> {
  const random = mulberry32(seed)
  const cleanUps: (() => unknown)[] = []
  const befell: string[] = []
  try {
    const scene = await openScene({ after: (cleanUp) => void cleanUps.push(cleanUp as () => unknown) }, random)
    const watch = watchForFalseReady(scene)
    cleanUps.push(() => watch.stop())
    return { befell, passes: await play(scene, watch, random, befell) }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${befell.join(', ')}: ${why}`, { cause })
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
}

async function play(scene: Scene, watch: Watch, random: () => number, befell: string[]): Promise<number> {
  const { world } = scene
  await world.putApiKey()
  await world.apply(name, { dynamic: {} })
  await world.untilCondition(name, 'Ready', { status: 'True' })
  // Some at a time: a draw from all of them would seldom hold the same two in a row.
  const cast = Array.from({ length: 5 }, () => scene.pick(happenings))
  const length = 4 + Math.floor(random() * 8)
  for (let count = 0; count < length; count += 1) {
    const happening = scene.pick(cast)
    befell.push(happening.name)
    await watch.during(happening, () => attempt(happening, scene))
    await moment(scene, random)
  }
  scene.settle()
  await watch.during(undefined, () => world.patch(name, { spec: { suspend: null } }))
  // The pauses after failures grow to minutes, and nothing but a request to look ends them: whoever was in an outage
  // asks for one.
  if (befell.some((each) => lengthening.has(each))) await watch.during(undefined, () => look(scene))
  const quiet = await scene.passes()
  const passes = (await comeToRest(scene)) - quiet
  assert.ok(passes <= mostPasses, `${passes} passes to come to rest, not at most ${mostPasses}`)
  await new Promise((resolve) => setTimeout(resolve, watchMs))
  const after = (await scene.passes()) - quiet - passes
  assert.ok(after <= mostAtRest, `${after} passes in ${watchMs} ms at rest, not at most ${mostAtRest}`)
  assert.deepEqual(await unrestIn(world), [])
  assert.deepEqual(watch.found, [])
  return passes
}

/** Two hands that write at once are nobody's fault: the second tries again. What is lost already cannot be lost. */
async function attempt(happening: Happening, scene: Scene): Promise<void> {
  for (;;) {
    try {
      return void (await happening.befall(scene))
    } catch (error) {
      if (isNotFound(error)) return
      if (!isConflict(error)) throw error
    }
  }
}

/**
 * At once, after a while, or right after the next call of the controller to Google: where a step waits for the one
 * before it.
 */
async function moment({ world, pick }: Scene, random: () => number): Promise<void> {
  const kind = pick(['at once', 'after a while', 'after a call', 'after a call'] as const)
  if (kind === 'at once') return
  const pauseMs = random() * 700
  if (kind === 'after a while') return void (await new Promise((resolve) => setTimeout(resolve, pauseMs)))
  const made = () => world.calls().calls.length
  const before = made()
  const deadlineMs = performance.now() + 1500
  while (made() === before && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 2))
}

async function comeToRest({ world, passes }: Scene): Promise<number> {
  let unrest: string[] = []
  const isAtRest = async () => {
    unrest = await unrestIn(world)
    return unrest.length === 0
  }
  await eventually('rest', isAtRest, patience).catch(async (cause: unknown) => {
    const { metadata, status } = (await world.get(name)) ?? {}
    const seen = JSON.stringify({ generation: metadata?.generation, status }, undefined, 1)
    throw new Error(`no rest after ${await passes()} passes: ${unrest.join('; ')}\n${seen}`, { cause })
  })
  return passes()
}

type Watch = ReturnType<typeof watchForFalseReady>

/**
 * Ready of a generation while Google has what another one asks for. Looks only while nobody writes, and while nobody
 * else has touched Google.
 */
function watchForFalseReady({ world }: Scene) {
  const found: string[] = []
  let writes = 0
  let isTouched = false
  const stopping = new AbortController()
  const look = async () => {
    const before = writes
    const webhook = await world.get(name)
    const { metadata, status } = webhook ?? {}
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    if (webhook === undefined || ready?.status !== 'True' || ready.observedGeneration !== metadata?.generation) return
    const wrong = unlike(webhook, world)
    if (writes === before && !isTouched && wrong.length > 0)
      found.push(`Ready of ${metadata?.generation}: ${wrong.join('; ')}`)
  }
  void (async () => {
    while (!stopping.signal.aborted) {
      await look().catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
  })()
  return {
    found,
    stop: () => stopping.abort(),
    async during(happening: Happening | undefined, act: () => unknown): Promise<void> {
      writes += 1
      if (happening?.atGoogle === true) isTouched = true
      await act()
      writes += 1
    },
  }
}
