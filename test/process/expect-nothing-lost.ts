import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import type { GwhProcess } from '../support/processes/gwh-process.ts'
import { receiverFiles, startReceiverProcess, type ReceiverFiles } from '../support/processes/receiver-process.ts'
import { startRecordingSink } from './recording-sink.ts'
import { replayCrashed } from './replay-crashed.ts'
import { SignedLoad } from './signed-load.ts'

const settleTimeoutMs = 90_000

export interface Installation {
  /** The built program. */
  program: string
  /** How many places for a receiver there are; more than one share their inbox. */
  receivers: number
  /** Numbers in [0, 1). */
  random: () => number
  /** Which inbox, and where. */
  inboxFlags: (files: ReceiverFiles) => string[]
  /** The share of attempts that the sink refuses for now, 0 to 1. */
  failingShare: number
  logName: string
}

export interface UnderLoad {
  places: ReceiverPlace[]
  load: SignedLoad
}

/**
 * Deliveries without end while `disturb` does its worst. When it has resolved, every place has a receiver that lives,
 * and then every delivery that was answered 204 must reach the sink, under its own id. Returns what to say about the
 * run.
 */
export async function expectNothingLost(
  t: TestContext,
  installation: Installation,
  disturb: (under: UnderLoad) => Promise<void>,
): Promise<void> {
  const sink = await startRecordingSink(installation.failingShare, installation.random)
  t.after(() => sink.close())
  const files = await receiverFiles(t, sink.url)
  const load = new SignedLoad(files)
  t.after(() => load.abort())
  const places = Array.from(
    { length: installation.receivers },
    (_, at) => new ReceiverPlace(t, installation, { at, files, load }),
  )
  await disturb({ places, load })

  const survivors = await Promise.all(places.map((place) => place.serve()))
  await load.stop()
  let parked = 0
  const missing = () => [...load.acknowledged].filter((id) => !sink.received.has(id))
  await eventually(
    'the sink has everything that was acknowledged',
    async () => {
      parked += await replayCrashed(survivors[0]?.adminPort)
      return missing().length === 0
    },
    { timeoutMs: settleTimeoutMs },
  ).catch((error: unknown) => t.diagnostic(String(error))) // what is missing is said below
  const lost = missing()
  const refusals = [...load.refusals].map(([status, count]) => `${count} answered ${status}`)
  t.diagnostic(
    `${load.acknowledged.size} acknowledged, ${load.unanswered} unanswered, ${refusals.join(', ') || 'none refused'}; ${sink.received.size} ids at the sink, ` +
      `${sink.repeats} taken again, ${parked} parked after three crashes and replayed; ${lost.length} lost`,
  )
  for (const { process } of survivors) assert.equal(await process.terminate(), 0, process.describe())
  assert.deepEqual(lost, [], 'lost')
  assert.deepEqual(sink.misnamed, [], 'a repeat carries the id of the first')
  assert.deepEqual(
    [...load.refusals.keys()].filter((status) => status !== 503),
    [],
    'stored, or asked for again',
  )
}

interface Serving {
  process: GwhProcess
  adminPort: number
}

/** One place in the fleet: whoever runs there is the successor, with name and inbox, of the one that was killed. */
export class ReceiverPlace {
  readonly #t: TestContext
  readonly #installation: Installation
  readonly #surroundings: { at: number; files: ReceiverFiles; load: SignedLoad }
  #serving: Serving | undefined
  #forget = async () => {}

  constructor(
    t: TestContext,
    installation: Installation,
    surroundings: { at: number; files: ReceiverFiles; load: SignedLoad },
  ) {
    this.#t = t
    this.#installation = installation
    this.#surroundings = surroundings
  }

  /** Starts a receiver and resolves once it listens and is sent to; nothing when one does already. */
  async serve(): Promise<Serving> {
    if (this.#serving !== undefined) return this.#serving
    const process = this.start()
    const { port, adminPort } = await process.logged('receiver.started')
    this.#forget = this.#surroundings.load.add(Number(port))
    this.#serving = { process, adminPort: Number(adminPort) }
    return this.#serving
  }

  /** Resolves once so many deliveries have been acknowledged since now. */
  async acknowledges(count: number): Promise<void> {
    const { acknowledged } = this.#surroundings.load
    const before = acknowledged.size
    await eventually('deliveries are acknowledged', () => acknowledged.size >= before + count, { intervalMs: 2 })
  }

  /** Starts a process and does not wait for anything. */
  start(): GwhProcess {
    const { program, inboxFlags, logName } = this.#installation
    const { at, files } = this.#surroundings
    const podName = `receiver-${at}`
    const process = startReceiverProcess({ files, podName, flags: inboxFlags(files), program, logName })
    this.#t.after(() => process.kill())
    return process
  }

  /** SIGKILL. Whoever has ended before has crashed by itself, which fails. */
  async kill(process: GwhProcess): Promise<void> {
    assert.ok(process.running, process.describe())
    await process.kill()
    await this.#forget()
    this.#forget = async () => {}
    this.#serving = undefined
  }
}
