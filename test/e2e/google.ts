import { ask, kubectl } from '../support/processes/cluster-commands.ts'
import { simulator } from './world.ts'

interface Many {
  type: string
  count: number
  /** In the id of each, before its number and the time at which it was sent. */
  tag: string
  /** How many are sent together, and the pause after them. */
  atOnce: number
  pauseMs: number
}

/** What the receiver answered to Google. */
interface Answered {
  acknowledged: number
  /** Attempts that were answered otherwise, or not at all. */
  refused: number
}

/** As if something of the project had ended. With `uris` it is told there alone, with the metadata of its job. */
export function emit(
  type: string,
  id: string,
  more: { uris?: string[]; userMetadata?: object } = {},
): Promise<unknown> {
  return ask('POST', simulator, '_admin/events', { project: 'sandbox', type, data: { id }, ...more })
}

/** Many events, sent from within the simulator's pod: a command for each would take longer than what is tried. */
export async function emitMany({ count, ...many }: Many): Promise<Answered> {
  const inPod = ['--namespace', simulator.namespace, 'exec', `deployment/${simulator.name}`, '--']
  const all: Answered = { acknowledged: 0, refused: 0 }
  for (let sent = 0; sent < count; sent += mostByOneCommand) {
    const part = JSON.stringify({ ...many, from: sent, to: Math.min(count, sent + mostByOneCommand) })
    const said = await kubectl([...inPod, 'node', '--input-type=module', '--eval', sender, part])
    const { acknowledged, refused } = JSON.parse(said) as Answered
    all.acknowledged += acknowledged
    all.refused += refused
  }
  return all
}

/** A command may take some minutes, also on a busy machine. */
const mostByOneCommand = 10_000

/** The simulator remembers some thousand deliveries: before it forgets any, its sender looks how they ended. */
const sender = `
const { type, tag, atOnce, pauseMs, from, to } = JSON.parse(process.argv[1])
async function call(method, path, body) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch('http://127.0.0.1:8080/_admin/' + path, { method, headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(path + ': ' + answer.status)
  return answer.json()
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const answered = { acknowledged: 0, refused: 0 }
async function settle(ids) {
  let records = []
  do {
    if (records.length > 0) await pause(200)
    records = (await call('GET', 'deliveries')).filter(({ deliveryId }) => ids.has(deliveryId))
  } while (records.some(({ state }) => state === 'pending'))
  answered.acknowledged += records.filter(({ state }) => state === 'delivered').length
  answered.refused += records.flatMap(({ attempts }) => attempts).filter(({ status }) => status !== 204).length
}
const ids = new Set()
for (let next = from; next < to; next += atOnce) {
  const numbers = Array.from({ length: Math.min(atOnce, to - next) }, (_, index) => next + index)
  const emitted = await Promise.all(numbers.map((number) =>
    call('POST', 'events', { project: 'sandbox', type, data: { id: 'batches/' + tag + '-' + number + '-' + Date.now() } })))
  for (const { deliveryIds } of emitted) for (const id of deliveryIds) ids.add(id)
  if (pauseMs > 0) await pause(pauseMs)
  if (ids.size < 2_000 && next + atOnce < to) continue
  await settle(ids)
  ids.clear()
}
console.log(JSON.stringify(answered))
`
