import { eventually } from '../measures/eventually.ts'
import { ExampleProcess } from '../processes/example-process.ts'
import type { ExampleRoles } from './example-roles.ts'

/** The consumers of examples/agent-queue, all that were ever started, against the roles of a test. */
export class AgentConsumers {
  readonly #roles: ExampleRoles
  readonly #program: string
  readonly #env: Readonly<Record<string, string>>
  readonly #all: ExampleProcess[] = []

  constructor(roles: ExampleRoles, program: string, env: Readonly<Record<string, string>>) {
    this.#roles = roles
    this.#program = program
    this.#env = env
  }

  /** Resolves once it takes interactions. One that ends before that is started again, as in a pod. */
  async start(): Promise<void> {
    const { apiKey, webhookServiceUrl } = this.#roles
    for (let left = 3; ; left -= 1) {
      const consumer = new ExampleProcess({
        command: [process.execPath, this.#program],
        cwd: 'examples/agent-queue',
        env: { ...this.#env, GEMINI_API_KEY: apiKey, GOOGLE_GEMINI_BASE_URL: webhookServiceUrl },
      })
      this.#all.push(consumer)
      try {
        await consumer.printed(/(taking interactions)/)
        return
      } catch (error) {
        if (left === 0) throw error
        this.#all.splice(this.#all.indexOf(consumer), 1)
      }
    }
  }

  /** SIGKILL, of all that run. */
  async kill(): Promise<void> {
    await Promise.all(this.#all.map((consumer) => consumer.kill()))
  }

  /** How often the consumers have acted for it, all together. */
  actedFor(id: string): number {
    return this.#all.reduce((times, { output }) => times + output.split(`${id}: requires_action\n`).length - 1, 0)
  }

  /** Whether somebody has failed to act for it, and said so. */
  failedFor(id: string): boolean {
    return this.#all.some(({ output }) => output.includes(`${id}: later:`))
  }

  /** For how many of these each consumer has acted, in the order in which they were started. */
  sharesOf(ids: readonly string[]): number[] {
    return this.#all.map(({ output }) => ids.filter((id) => output.includes(`${id}: requires_action\n`)).length)
  }

  /** An interaction that asks for a function; its id. */
  newInteraction(): string {
    const { admin, project } = this.#roles
    const { id } = admin.createJob({ project, type: 'interaction' })
    admin.finishJob(id, 'requires_action')
    return id
  }

  /** An interaction that a consumer has in its hands, which it does not get rid of until faults are cleared. */
  async interactionInHand(): Promise<string> {
    const { admin } = this.#roles
    admin.addFault({ verb: 'getJob', effect: { type: 'hang' }, times: 0 })
    const id = this.newInteraction()
    await eventually('somebody asks for it', () =>
      admin.calls().calls.some(({ verb, faults }) => verb === 'getJob' && faults.includes('hang')),
    )
    return id
  }
}
