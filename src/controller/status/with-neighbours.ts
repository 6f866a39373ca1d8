import type { Condition } from '../../api/status.ts'
import { removeCondition, setCondition } from '../../kubernetes/conditions.ts'
import type { ActionState } from '../apply/action-state.ts'
import type { Judgement } from '../facts/judgement.ts'
import { isDeleting } from '../facts/life-stage.ts'
import type { Finding } from '../plan/result.ts'

/** Above each of these only that there are more is told: a namespace that comes or goes then changes no status. */
const roundedFrom = [100, 10] as const

/**
 * Whether other namespaces have webhooks in the same Google project, and how many, never which. It is for people:
 * nothing else depends on it. Present only while true. What was said stays where this pass says nothing better: while
 * steps are under way, which would each write it, while Google does not show the webhook, and while the first list of
 * this process may lag behind what an earlier one saw. Pure.
 */
export function withNeighbours(
  conditions: readonly Condition[],
  { webhook, observed: { neighbours, remote }, draft }: Pick<ActionState, 'webhook' | 'observed' | 'draft'>,
  { finding, nowMs }: { finding: Finding; nowMs: number },
): readonly Condition[] {
  if (neighbours === 'off') return removeCondition(conditions, 'ProjectShared')
  if (finding.type === 'Progressing' || isDeleting(webhook)) return conditions
  if (draft.webhook?.id === undefined) return removeCondition(conditions, 'ProjectShared')
  if (remote.state !== 'found' || neighbours === undefined) return conditions
  const isTold = conditions.some(({ type }) => type === 'ProjectShared')
  if (isTold && !neighbours.settled) return conditions
  if (neighbours.namespaces === 0) return removeCondition(conditions, 'ProjectShared')
  const judgement = judgeNeighbours(neighbours.namespaces)
  const observedGeneration = webhook.metadata.generation
  return setCondition<Condition>(conditions, { type: 'ProjectShared', ...judgement, observedGeneration }, nowMs)
}

function judgeNeighbours(namespaces: number): Judgement {
  const floor = roundedFrom.find((most) => namespaces > most)
  const many = floor === undefined ? `${namespaces}` : `more than ${floor}`
  const others = `${many} other ${namespaces === 1 ? 'namespace' : 'namespaces'}`
  return {
    status: 'True',
    reason: 'OtherNamespaces',
    message: `webhooks of ${others} live in the same Google project: Google tells each of them of every job in it, so what happens to jobs of this namespace is seen there, and theirs here; a project for each team, or routes, keep them apart (docs/tenancy.md)`,
  }
}
