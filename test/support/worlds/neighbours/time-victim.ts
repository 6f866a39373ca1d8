import type { SimulatedOperator } from '../simulated-operator.ts'

/** How exactly it is timed, in simulated time. */
const stepMs = 100
const longestMs = 600_000

/** What a victim waited for, in simulated milliseconds. */
export interface Waited {
  /** From the object to a webhook at Google, and its secret in a Secret. */
  readonly registration: number
  /** From the object to `Ready`, proven by a ping that came back. */
  readonly proof: number
  /** From a change of the spec to a status that has observed it, at rest. */
  readonly status: number
  /** From a request that revokes the former secret at once to a Secret with the new one, at rest. */
  readonly rotation: number
}

/** One object's life. `meanwhile`: what else happens at each step of time. */
export async function timeVictim(
  operator: SimulatedOperator,
  name: string,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<Waited> {
  const { admin, clock } = operator
  async function timed(act: () => Promise<unknown>, isDone: () => Promise<boolean>): Promise<number> {
    const startedMs = clock.now()
    await act()
    while (!(await isDone())) {
      await meanwhile()
      await clock.advance({ ms: stepMs })
      if (clock.now() - startedMs > longestMs) {
        throw new Error(`${name}: ${JSON.stringify((await operator.get(name))?.status, null, 1)}`)
      }
    }
    return clock.now() - startedMs
  }
  const holds = async (...wanted: readonly string[]) => {
    const { conditions = [] } = (await operator.get(name))?.status ?? {}
    return wanted.every((type) => conditions.some((each) => each.type === type && each.status === 'True'))
  }
  async function isAtRest(): Promise<boolean> {
    const { metadata, status: { operation, observedGeneration } = {} } = (await operator.get(name)) ?? {}
    return (await holds('Ready')) && operation === undefined && observedGeneration === metadata?.generation
  }
  const webhookID = async () => (await operator.get(name))?.status?.webhook?.id ?? ''
  const current = async () => admin.secrets(await webhookID()).at(-1)?.secret

  const registration = await timed(
    () => operator.apply(name),
    () => holds('Registered', 'SecretAvailable'),
  )
  const proof = registration + (await timed(async () => {}, isAtRest))
  const edit = { spec: { displayName: 'edited' } }
  const status = await timed(() => operator.patch(name, edit), isAtRest)
  const before = await current()
  const rotation = await timed(
    () => operator.patch(name, { spec: { rotation: { request: { id: 'leak', revokePrevious: 'Immediately' } } } }),
    async () => {
      const held = (await operator.secret(`${name}-signing-secret`))?.data?.['signing-secret'] ?? ''
      const now = await current()
      return now !== before && Buffer.from(held, 'base64').toString() === now && (await isAtRest())
    },
  )
  return { registration, proof, status, rotation }
}
