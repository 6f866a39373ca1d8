import type { BackfillView } from '../../contract/page/webhook-detail.ts'
import { count } from '../format.ts'
import { Ago, Badge, Card, Empty } from './basics.tsx'
import { Visible } from './visible.tsx'

/** What Google did not deliver: what backfill found, and when deliveries may have been missed. */
export function Backfill({ backfill }: { backfill: BackfillView }) {
  const { lookback, since, lastTime, lastFound = 0, total = 0, failing, gap } = backfill
  return (
    <Card
      title="Missed deliveries"
      aside={<span class="caption">{lookback === undefined ? 'backfill is off' : `backfill, ${lookback} back`}</span>}
    >
      {lookback === undefined && gap === undefined && (
        <Empty title="Not looked for">
          What Google gives up after a day stays missing: spec.backfill looks for it.
        </Empty>
      )}
      <table class="plain-table">
        <tbody>
          {gap !== undefined && (
            <tr>
              <th scope="row">Gap</th>
              <td>
                <GapBadge gap={gap} /> <Visible text={gap.says} />
              </td>
            </tr>
          )}
          {failing !== undefined && (
            <tr>
              <th scope="row">Runs</th>
              <td>
                <Badge tone="bad">Failing</Badge> since <Ago at={failing.since} />: <Visible text={failing.message} />
              </td>
            </tr>
          )}
          {lookback !== undefined && (
            <>
              <tr>
                <th scope="row">Looks for</th>
                <td>
                  {since === undefined ? (
                    'nothing yet'
                  ) : (
                    <>
                      batches that ended since <Ago at={since} />
                    </>
                  )}
                </td>
              </tr>
              <tr>
                <th scope="row">Found</th>
                <td>
                  {total === 0 ? (
                    'nothing was missing'
                  ) : (
                    <>
                      {count(total)} in all, {count(lastFound)} of them <Ago at={lastTime} />
                    </>
                  )}
                </td>
              </tr>
            </>
          )}
        </tbody>
      </table>
    </Card>
  )
}

function GapBadge({ gap: { until, coveredTime } }: { gap: NonNullable<BackfillView['gap']> }) {
  if (coveredTime !== undefined) return <Badge tone="good">Covered</Badge>
  return <Badge tone={until === undefined ? 'bad' : 'warn'}>{until === undefined ? 'Lasts' : 'Not covered'}</Badge>
}
