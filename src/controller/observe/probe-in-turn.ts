import { FairLine } from '../../kubernetes/fair-line.ts'
import type { ProbeEndpoint, ProbeInTurn } from '../facts/probe.ts'

/** Requests to public URLs under way at the same time; a namespace without any may have one beyond it. */
const maxProbes = 8

/**
 * A request that nobody answers takes its ten seconds. The namespaces take turns, so that one whose endpoints all fail
 * does not keep the others from being tried.
 */
export function probeInTurn(probe: ProbeEndpoint): ProbeInTurn {
  const line = new FairLine({ workers: maxProbes, begun: Infinity })
  const waiting = new Map<string, () => void>()
  let asked = 0

  function serve(): void {
    for (let turn = line.next(); turn !== undefined; turn = line.next()) {
      const go = waiting.get(turn.key)
      waiting.delete(turn.key)
      go?.()
    }
  }

  return async (target, namespace) => {
    const key = String((asked += 1))
    const turn = new Promise<void>((resolve) => waiting.set(key, resolve))
    line.add(key, { party: namespace, group: '' }, 'usual', 0)
    serve()
    await turn
    try {
      return await probe(target)
    } finally {
      line.end(key)
      serve()
    }
  }
}
