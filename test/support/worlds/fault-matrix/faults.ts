import type { CallFault } from '../../../../playground/webhook-service/faults.ts'
import type { RefusalForGood, Written } from '../../doubles/refusing-api.ts'
import type { Operation, Verb } from './operations.ts'

type Effect = CallFault['effect']

/** One thing that goes wrong once on the way; `lag`: all the way. */
export type Fault =
  | { type: 'none'; name: string }
  /**
   * The process dies before or after one of its writes: what it still tries gets nowhere, and what it was told is
   * forgotten.
   */
  | { type: 'kill'; name: string; moment: 'before' | 'after'; write: string; nth: number }
  | { type: 'call'; name: string; fault: CallFault }
  /**
   * The API server refuses a kind of write for good, from the start or from the moment that Google has revealed a
   * secret on; later somebody mends that.
   */
  | { type: 'refusal'; name: string; written: Written; how: RefusalForGood; from: 'start' | 'call' }

/** Longer than a request takes and shorter than what two looks are apart. */
const lagMs = 400

const before = 'beforeCommit'
const after = 'afterCommit'

/** What can become of any call. `after`: the service does it, and only the answer is lost or wrong. */
const effects: Readonly<Record<string, Effect>> = {
  'response lost after commit': { type: 'reset', when: after },
  reset: { type: 'reset', when: before },
  hang: { type: 'hang', when: before },
  'hang after commit': { type: 'hang', when: after },
  '408': { type: 'status', status: 408, when: before },
  '408 after commit': { type: 'status', status: 408, when: after },
  '409': { type: 'status', status: 409, when: before },
  '429 with Retry-After': { type: 'status', status: 429, retryAfter: '1', when: before },
  '429 without Retry-After': { type: 'status', status: 429, when: before },
  '500': { type: 'status', status: 500, when: before },
  '500 after commit': { type: 'status', status: 500, when: after },
  '503': { type: 'status', status: 503, when: before },
  '503 page of a proxy after commit': { type: 'status', status: 503, shape: 'html', when: after },
  'html in place of JSON': { type: 'garble', how: 'html' },
  'no content type': { type: 'garble', how: 'noContentType' },
  '204 in place of an answer': { type: 'garble', how: 'noContent' },
  'half an answer': { type: 'garble', how: 'truncated' },
  'an empty object': { type: 'garble', how: 'emptyObject' },
}

/** The first call of a kind, and for lists the second too: a create looks once to learn and once more to be sure. */
const strikes = (verb: Verb): readonly number[] => (verb === 'list' ? [0, 1] : [0])

export function faultsOf({ writes, verbs }: Operation): Fault[] {
  const kills = writes.flatMap((write, index) => {
    const nth = writes.slice(0, index + 1).filter((other) => other === write).length
    return (['before', 'after'] as const).map((moment): Fault => ({
      type: 'kill',
      name: `killed ${moment} ${write} (${nth})`,
      moment,
      write,
      nth,
    }))
  })
  const calls = verbs.flatMap((verb) =>
    strikes(verb).flatMap((skip) =>
      Object.entries(effects).map(([name, effect]): Fault => ({
        type: 'call',
        name: `${name}: ${verb}${skip === 0 ? '' : ` (${skip + 1})`}`,
        fault: { verb, skip, effect },
      })),
    ),
  )
  const lag: Fault = {
    type: 'call',
    name: 'lists lag',
    fault: { verb: 'list', times: 0, effect: { type: 'lag', ms: lagMs } },
  }
  return [{ type: 'none', name: 'no fault' }, ...kills, ...calls, lag, ...refusalsOf(verbs)]
}

const refusedWrites: readonly Written[] = ['target Secret', 'keyring', 'status']
/** 403, 422, and what an admission webhook answers by default. */
const refusals: readonly RefusalForGood[] = ['missing right', 'immutable', 'webhook']

function refusalsOf(verbs: readonly Verb[]): Fault[] {
  const reveals = verbs.includes('create') || verbs.includes('rotateSigningSecret')
  const moments = reveals ? (['start', 'call'] as const) : (['start'] as const)
  return moments.flatMap((from) =>
    refusedWrites.flatMap((written) =>
      refusals.map((how): Fault => {
        const name = `${written} refused ${from === 'start' ? 'from the start' : 'after the call'}: ${how}`
        return { type: 'refusal', name, written, how, from }
      }),
    ),
  )
}
