import { ask } from '../support/processes/cluster-commands.ts'
import { simulator } from './world.ts'

/**
 * Hours that pass while the suite takes minutes: the simulator's clock is moved, and the pods of the operator go by it.
 * Their program is as it ships; a module that Node loads before it sets the time of day. Timers and measured durations
 * are those of the machine, as where somebody sets a clock.
 */

const clockUrl = `http://${simulator.name}.${simulator.namespace}.svc:${simulator.port}/_admin/clock`

/** Asks before the program begins, until there is an answer, and afterwards several times a second. */
const goByIt = `
import { get } from 'node:http'
import { isMainThread } from 'node:worker_threads'
const Real = Date
let offsetMs = 0
const now = () => Real.now() + offsetMs
const ask = () => new Promise((resolve) => {
  const failed = () => resolve(false)
  const request = get(${JSON.stringify(clockUrl)}, { agent: false, timeout: 2000 }, (answer) => {
    let text = ''
    answer.setEncoding('utf8').on('data', (part) => { text += part }).on('error', failed).on('end', () => {
      try {
        offsetMs = JSON.parse(text).nowMs - Real.now()
        resolve(true)
      } catch {
        failed()
      }
    })
  })
  request.on('timeout', () => request.destroy()).on('error', failed).on('close', failed)
})
async function keepAsking() {
  await ask()
  setTimeout(keepAsking, 200).unref()
}
if (isMainThread) {
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, self) => Reflect.construct(target, given.length === 0 ? [now()] : given, self),
    apply: () => new Real(now()).toString(),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  })
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 200))
  keepAsking()
}
`

/** For `extraEnv` of both parts of the operator. */
export const byGooglesClock = [
  { name: 'NODE_OPTIONS', value: `--import=data:text/javascript;base64,${Buffer.from(goByIt).toString('base64')}` },
]

/** Moves Google's clock; answers when what fell due on the way has been done. */
export const passTime = (ms: number) => ask<unknown>('POST', simulator, '_admin/clock/advance', { ms })

export const googlesTime = async () => (await ask<{ nowMs: number }>('GET', simulator, '_admin/clock')).nowMs
