import type { ConditionStatus } from '../../api/conditions.ts'
import type { Reason } from '../../api/reasons.ts'

/** What one condition is to say. */
export interface Judgement {
  status: ConditionStatus
  reason: Reason
  message: string
  /**
   * The generation that it is about, where that is an older one than the object has now: it could not be judged since.
   */
  evaluated?: number
}
