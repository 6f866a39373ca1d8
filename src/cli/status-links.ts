import type { GeminiRoute } from '../api/gemini-route.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { suspendedSink, type Condition, type SinkStatus } from '../api/status.ts'
import type { Link } from './link.ts'

/** Links that come from the status of an object, whatever its kind. All of this is pure. */

/** Whether a controller leads; `says` why not, or why that is not known. */
export type Leader = { readonly state: 'Leads' } | { readonly state: 'Nobody' | 'Unknown'; readonly says: string }

/** What cannot be believed while nobody leads: the status is what a controller wrote before. */
export function leaderless(leader: Leader | undefined): string | undefined {
  if (leader?.state !== 'Nobody') return undefined
  return `${leader.says}: what is told of this object is as it was then, and nothing is registered, rotated or repaired`
}

/** How a controller that has nothing to do is told of. Open where it is not known whether one runs. */
export function idleLink(says: string, leader: Leader | undefined): Link {
  const name = 'controller'
  if (leader?.state !== 'Unknown') return { name, state: 'Good', says }
  return {
    name,
    state: 'Open',
    says: `${says}, when it looked last; whether one runs now is not known: ${leader.says}`,
  }
}

/** What is False because the spec asks for it breaks nothing. */
const wanted: ReadonlySet<string> = new Set(['NotRequired', 'DisabledBySpec', 'RolloutPending'])

/** A condition that is Unknown because the spec asks for it needs no judgement. */
const notAskedFor: ReadonlySet<string> = new Set([
  'NotRequired',
  'ExternalEndpoint',
  'NotChecked',
  'DisabledBySpec',
  'Suspended',
])

export function conditionLink(name: string, condition: Condition | undefined): Link {
  if (condition === undefined) return { name, state: 'Open', says: 'not known yet', unjudged: true }
  const { status, reason, message } = condition
  if (status === 'True') return { name, state: 'Good', says: message }
  const state = status === 'False' && !wanted.has(reason) ? 'Broken' : 'Open'
  const isUnjudged = status === 'Unknown' && !notAskedFor.has(reason)
  return { name, state, says: `${reason}: ${message}`, ...(isUnjudged && { unjudged: true }) }
}

/** One for each sink, and one more each where a route is full and where dead letters were dropped. */
export function sinkLinks({ status }: GeminiWebhook | GeminiRoute): Link[] {
  const conditions: readonly Condition[] = status?.conditions ?? []
  const links = (status?.sinks ?? []).map((sink): Link => {
    const { name, ready, reason, address, failingSince, lastFailure = '', pending, deadLetters } = sink
    const waiting = waitingFor({ pending, deadLetters })
    if (reason === suspendedSink) {
      const says = `suspend is true: events are kept and no attempt is made${waiting}`
      return { name: `sink ${name}`, state: 'Open', says }
    }
    if (ready && failingSince !== undefined) {
      const says = `takes nothing since ${failingSince}: ${lastFailure}${waiting}`
      return { name: `sink ${name}`, state: 'Broken', says }
    }
    const says = ready ? (address ?? 'resolved') : unresolvedInWords(sink, conditions)
    return { name: `sink ${name}`, state: ready ? 'Good' : 'Broken', says: `${says}${waiting}` }
  })
  const troubles = conditions.flatMap(({ type, message }): Link[] => {
    const name = troubleNames.get(type)
    return name === undefined ? [] : [{ name, state: 'Broken', says: message }]
  })
  return [...links, ...troubles]
}

/** The status of a sink has the reason alone; of one sink the condition also says which field is wrong, and how. */
function unresolvedInWords({ name, reason }: SinkStatus, conditions: readonly Condition[]): string {
  if (reason === undefined) return 'is not ready'
  const told = conditions.find((condition) => condition.type === 'SinksResolved' && condition.reason === reason)
  return told?.message.startsWith(`spec.sinks[${name}]`) === true ? `${reason}: ${told.message}` : reason
}

/** Conditions that are there only while something is wrong, by the names of their links. */
const troubleNames: ReadonlyMap<string, string> = new Map([
  ['RouteFull', 'share'],
  ['DeadLettersDropped', 'dead letters'],
])

/** What is said beside the chain, whatever the links in it are. */
const beside: ReadonlySet<string> = new Set(['share', 'dead letters', 'spec', 'project', 'backfill', 'missed'])

/** How a link branches off at the end of the chain, by its name; undefined for one that those after it need. */
export function branchOf(link: string): 'sink' | 'beside' | undefined {
  if (link.startsWith('sink ')) return 'sink'
  return beside.has(link) ? 'beside' : undefined
}

function waitingFor({
  pending = 0,
  deadLetters = 0,
}: {
  pending?: number | undefined
  deadLetters?: number | undefined
}) {
  const waits = pending === 0 ? [] : [`${pending} pending`]
  const ended = deadLetters === 0 ? [] : [`${deadLetters} dead letter${deadLetters === 1 ? '' : 's'}`]
  return [...waits, ...ended].map((part) => `; ${part}`).join('')
}
