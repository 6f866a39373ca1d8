import { formatTime } from '../format-time.ts'

/** metav1.Condition. */
export interface Condition<Type extends string = string, Reason extends string = string> {
  type: Type
  status: 'True' | 'False' | 'Unknown'
  reason: Reason
  message: string
  /** RFC 3339, to the second: when `status` last changed. */
  lastTransitionTime: string
  observedGeneration?: number
}

/**
 * The list with `next` in it. `lastTransitionTime` moves only when the status changes. When nothing at all changes the
 * very same list is returned, so that callers can compare by reference and save the write. Order is kept; a new type
 * goes last. The input is not edited.
 */
export function setCondition<C extends Condition>(
  conditions: readonly C[],
  next: Omit<C, 'lastTransitionTime'>,
  nowMs: number,
): readonly C[] {
  const index = conditions.findIndex((condition) => condition.type === next.type)
  const previous = conditions[index]
  const stamped = (lastTransitionTime: string) => ({ ...next, lastTransitionTime }) as C
  if (previous === undefined) return [...conditions, stamped(formatTime(nowMs))]
  if (isSame(previous, next)) return conditions
  const transitionTime = previous.status === next.status ? previous.lastTransitionTime : formatTime(nowMs)
  return conditions.with(index, stamped(transitionTime))
}

/** The list without this type: for conditions that are present only while true. The same list when it was not there. */
export function removeCondition<C extends Condition>(conditions: readonly C[], type: C['type']): readonly C[] {
  return conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions
}

function isSame(previous: Condition, next: Omit<Condition, 'lastTransitionTime'>): boolean {
  return (
    previous.status === next.status &&
    previous.reason === next.reason &&
    previous.message === next.message &&
    previous.observedGeneration === next.observedGeneration
  )
}
