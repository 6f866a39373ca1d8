import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { type TestContext, test } from 'node:test'

import type { KeyringEntry } from '../../../../src/contract/keyring/entry.ts'
import type { Attack, Target } from './play-beside.ts'

/** Names the one scene of a file that a process is to play the attacker's part of. */
const partVariable = 'GWH_NEIGHBOURS_ATTACK'
const wantedPart = process.env[partVariable]

/** Whether this process was forked to attack, rather than to judge. */
export const isAttacker = wantedPart !== undefined

/** What a receiver has to know of an attack before it begins. */
export interface Prepared extends Omit<Attack, 'attackers' | 'begin'> {
  readonly entries: readonly KeyringEntry[]
}

/**
 * An attack as a process of its own, at the lowest priority: what it takes to send an attack and to be its sinks must
 * not slow down who measures beside it. It is the file of the scene once more, in which `playAttack` takes the place of
 * the test.
 */
export class AttackProcess {
  readonly #child: ChildProcess
  readonly prepared: Promise<Prepared>
  #output = ''

  constructor(name: string) {
    const [, scene] = process.argv
    if (scene === undefined) throw new Error('a scene is run as a file')
    // Without the context of the runner above, which reads what its own children print.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    this.#child = fork(scene, [], { env: { ...env, [partVariable]: name }, execArgv: [], silent: true })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output = `${this.#output}${chunk.toString()}`.slice(-4_000)))
    }
    this.prepared = this.#next<Prepared>()
    this.prepared.catch(() => {})
  }

  /** Aims it; resolves when it is at its height. It goes on until `stop`. */
  async begin(target: Target): Promise<void> {
    const begun = this.#next()
    this.#child.send(target)
    await begun
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  async #next<Message>(): Promise<Message> {
    const ended = new AbortController()
    const { signal } = ended
    const exit = once(this.#child, 'exit', { signal }).then(() => {
      throw new Error(`the attack ended: ${this.#output}`)
    })
    const message = once(this.#child, 'message', { signal }).then(([first]) => first as Message)
    exit.catch(() => {})
    return Promise.race([message, exit]).finally(() => ended.abort())
  }
}

/** The attacker's part of a scene, in the process that was forked for it. Ends with the process that forked it. */
export function playAttack(name: string, prepare: (t: TestContext) => Promise<Attack>): void {
  if (wantedPart !== name) return
  // Threads that are started from here on have it too.
  setPriority(constants.priority.PRIORITY_LOW)
  test(name, { timeout: 600_000 }, async (t) => {
    const over = new AbortController()
    const { signal } = over
    process.once('disconnect', () => over.abort())
    const { attackers, begin, ...asked } = await prepare(t)
    const aimed = once(process, 'message') as Promise<[Target]>
    process.send?.({ ...asked, entries: attackers.map(({ entry }) => entry) } satisfies Prepared)
    const [target] = await aimed
    await begin({ ...target, signal })
    process.send?.({})
    if (!signal.aborted) await once(signal, 'abort')
  })
}
