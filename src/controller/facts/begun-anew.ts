import type { BackfillStatus } from '../../api/backfill.ts'

/**
 * What status tells of the backfill where receivers cannot tell any more what they had before: the summary of the pass
 * sets the new beginning, and the first run counts what ended earlier and is not sent. Pure.
 */
export function begunAnew(status: BackfillStatus): BackfillStatus {
  const { since: _since, lastTime: _lastTime, lastFound: _lastFound, ...rest } = status
  return rest
}
