import { useComputed } from '@preact/signals'

import type { LastHour } from '../../contract/page/overview.ts'
import { attentionOf, type Attention } from '../attention.ts'
import { bytes, count, counted, duration, span, timeOfDay } from '../format.ts'
import { access, areObjectsKnown, findings, lastHour, overview, receivers, rows } from '../live/state.ts'
import { Card, Empty, Loading } from '../parts/basics.tsx'
import { Chart } from '../parts/chart.tsx'
import { NotListed } from '../parts/not-listed.tsx'
import { RouteTable } from '../parts/route-table.tsx'
import { Page } from '../parts/shell.tsx'
import { Visible } from '../parts/visible.tsx'
import { WebhookList } from '../parts/webhook-list.tsx'

/** Does everything flow? */
export function OverviewPage() {
  return (
    <Page title="Overview" hasNamespace>
      <div class="grid tiles">
        <ReadyTile />
        <DeliveriesTile />
        <LatencyTile />
        <WaitingTile />
      </div>
      <div class="grid wide-narrow">
        <PerMinute />
        <NeedsAttention />
      </div>
      <div class="grid wide-narrow">
        <Latency />
        <Stock />
      </div>
      <div class="grid">
        <WebhookList title="Webhooks" />
        <RouteTable />
      </div>
    </Page>
  )
}

function Tile({
  label,
  figure,
  of,
  children,
}: {
  label: string
  figure: string
  of?: string
  children?: preact.ComponentChildren
}) {
  return (
    <dl class="card tile">
      <dt>{label}</dt>
      <dd class="figure">
        {figure} {of !== undefined && <small>{of}</small>}
      </dd>
      <dd class="caption">{children}</dd>
    </dl>
  )
}

const unknown = '–'

function ReadyTile() {
  const known = overview.value
  if (known === undefined || !areObjectsKnown.value) return <Tile label="Webhooks ready" figure={unknown} />
  const { counts, total } = known
  // What has dead letters works now.
  const ready = counts.Ready + counts.DeadLetters
  const broken = counts.Failed + counts.SinkFailing
  return (
    <Tile label="Webhooks ready" figure={count(ready)} of={`of ${count(total)}`}>
      {broken} broken, {counts.Progressing} in progress
      {counts.Suspended > 0 && `, ${counts.Suspended} suspended`}
    </Tile>
  )
}

function DeliveriesTile() {
  const hour = lastHour.value
  const isHidden = access.value?.receivers.may === 'no'
  if (hour === undefined || isHidden) return <Tile label="Deliveries, last hour" figure={unknown} />
  return (
    <Tile label="Deliveries, last hour" figure={count(hour.total.delivered)}>
      <Chart
        kind="lines"
        height={24}
        hasAxes={false}
        says="Deliveries of each minute of the last hour"
        times={hour.minutes}
        series={[{ label: 'delivered', colour: 'accent', values: hour.delivered }]}
      />
    </Tile>
  )
}

function LatencyTile() {
  const { p99Ms = null, p50Ms = null } = lastHour.value?.total ?? {}
  return (
    <Tile label="POST to the sink's 2xx" figure={p99Ms === null ? unknown : duration(p99Ms)}>
      {p50Ms === null ? 'none in the last hour' : `p99; p50 ${duration(p50Ms)}`}
    </Tile>
  )
}

function WaitingTile() {
  const { pending = 0, deadLetters = 0, inbox } = overview.value ?? {}
  const isKnown = overview.value !== undefined && areObjectsKnown.value
  const oldest = inbox?.isKnown === true && inbox.pending > 0 ? `, oldest ${span(inbox.oldestPendingMs)}` : ''
  return (
    <Tile label="Waiting" figure={isKnown ? count(pending + deadLetters) : unknown}>
      {isKnown && `${count(pending)} pending${oldest}`}
      {deadLetters > 0 && ` · ${counted(deadLetters, 'dead letter')}`}
    </Tile>
  )
}

function rangeOf({ minutes }: LastHour): string {
  const [first, last] = [minutes[0], minutes.at(-1)]
  return first === undefined || last === undefined ? '' : `${timeOfDay(first)} – ${timeOfDay(last)}`
}

function PerMinute() {
  const hour = lastHour.value
  return (
    <Card title="Deliveries per minute">
      {hour === undefined ? (
        <Loading what="the last hour" />
      ) : (
        <>
          <Chart
            kind="bars"
            height={180}
            says={`Deliveries per minute, ${rangeOf(hour)}: ${count(hour.total.delivered)} delivered, ${count(hour.total.triedAgain)} tried again, ${count(hour.total.deadLetters)} dead letters`}
            times={hour.minutes}
            series={[
              { label: 'delivered', colour: 'bar', values: hour.delivered },
              { label: 'tried again', colour: 'warn', values: hour.triedAgain },
              { label: 'dead letters', colour: 'bad', values: hour.deadLetters },
            ]}
          />
          <p class="legend">
            <span class="sign main">delivered</span>
            <span class="sign warn">tried again {count(hour.total.triedAgain)}</span>
            <span class="sign bad">dead letters {count(hour.total.deadLetters)}</span>
            <span>refused requests {count(hour.total.refused)}</span>
            <span class="end">
              {rangeOf(hour)}
              {hour.completeSinceMs > (hour.minutes[0] ?? 0) && `, complete since ${timeOfDay(hour.completeSinceMs)}`}
            </span>
          </p>
        </>
      )}
    </Card>
  )
}

function Latency() {
  const hour = lastHour.value
  return (
    <Card title="POST to the sink's 2xx">
      {hour === undefined ? (
        <Loading what="the last hour" />
      ) : (
        <>
          <Chart
            kind="lines"
            height={140}
            unit=" ms"
            says={`Latency to the sink, ${rangeOf(hour)}: p50 ${hour.total.p50Ms ?? 'unknown'} ms, p99 ${hour.total.p99Ms ?? 'unknown'} ms`}
            times={hour.minutes}
            series={[
              { label: 'p99', colour: 'secret', values: hour.p99Ms },
              { label: 'p50', colour: 'good', values: hour.p50Ms },
            ]}
          />
          <p class="legend">
            <span class="sign secret">p99</span>
            <span class="sign good">p50</span>
            <span class="end">{rangeOf(hour)}</span>
          </p>
        </>
      )}
    </Card>
  )
}

/** More than can be read at once is told by number. */
const shownAtMost = 50

function NeedsAttention() {
  const items = useComputed(() =>
    attentionOf({
      rows: [...rows.value.byId.values()],
      findings: findings.value?.findings ?? [],
      receivers: receivers.value?.receivers ?? [],
    }),
  )
  const isLoading = !rows.value.isComplete
  const all = items.value
  return (
    <Card title="Needs attention" aside={all.length > 0 && <span class="caption">{count(all.length)}</span>}>
      {all.length === 0 && !isLoading && <Empty title="✓ Nothing">Everything that can be seen is well.</Empty>}
      {all.length === 0 && isLoading && <NotListed what="what needs attention" />}
      <div class="scroll" tabIndex={all.length > 3 ? 0 : undefined} role="group" aria-label="What needs attention">
        <ul class="attention">
          {all.slice(0, shownAtMost).map((item) => (
            <Item item={item} key={item.key} />
          ))}
        </ul>
        {all.length > shownAtMost && (
          <p class="caption">and {count(all.length - shownAtMost)} more, in the list below</p>
        )}
      </div>
    </Card>
  )
}

const signs = { bad: '!', warn: '▲', open: '○' } as const

function Item({ item: { tone, title, says, remedy, href } }: { item: Attention }) {
  return (
    <li class={tone}>
      <span aria-hidden="true">{signs[tone]} </span>
      <a href={href}>{title}</a>
      <p class="caption">
        <Visible text={says} />
      </p>
      {remedy !== undefined && <p class="caption">{remedy}</p>}
    </li>
  )
}

function Stock() {
  const known = overview.value
  if (known === undefined)
    return (
      <Card title="Inbox and budget">
        <Loading what="the inboxes" />
      </Card>
    )
  const { inbox, callBudget } = known
  return (
    <Card title="Inbox and budget">
      {inbox.isKnown ? (
        <table class="plain-table figures">
          <tbody>
            <Figure label="Events stored" value={`${count(inbox.events)}, ${bytes(inbox.bodyBytes)}`} />
            <Figure label="Pending deliveries" value={count(inbox.pending)} />
            <Figure label="Dead letters" value={count(inbox.deadLetters)} />
            <Figure
              label="Calls left at Google"
              value={callBudget.isKnown ? count(callBudget.lowest) : unknown}
              says={callBudget.isKnown ? 'of the API key with the least' : callBudget.why}
            />
          </tbody>
        </table>
      ) : (
        <Empty title="The inboxes are not known">{inbox.why}</Empty>
      )}
      {inbox.isKnown && inbox.without.length > 0 && (
        <p class="caption">Without {inbox.without.join(', ')}, which did not answer.</p>
      )}
    </Card>
  )
}

function Figure({ label, value, says }: { label: string; value: string; says?: string }) {
  return (
    <tr>
      <th scope="row">
        {label}
        {says !== undefined && <span class="caption">{says}</span>}
      </th>
      <td class="number">{value}</td>
    </tr>
  )
}
