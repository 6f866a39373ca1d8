import { useComputed } from '@preact/signals'

import { pageAddresses } from '../../contract/page/addresses.ts'
import type { WebhookKey } from '../../contract/page/overview.ts'
import type { WebhookDetail } from '../../contract/page/webhook-detail.ts'
import { ActionButton, MissingRights } from '../actions/action-button.tsx'
import { begin, finished } from '../actions/task.ts'
import { backfillTask, pingTask, retryTask, rotateTask, sendTask } from '../actions/tasks.ts'
import { count, counted } from '../format.ts'
import { rows } from '../live/state.ts'
import { useAsked } from '../live/use-asked.ts'
import { hrefOf } from '../route.ts'
import { Backfill } from '../parts/backfill.tsx'
import { Card, Empty, HealthBadge, Loading } from '../parts/basics.tsx'
import { Chain } from '../parts/chain.tsx'
import { Chart } from '../parts/chart.tsx'
import { LiveDeliveries } from '../parts/live-deliveries.tsx'
import { SecretTimes } from '../parts/secret-times.tsx'
import { Page } from '../parts/shell.tsx'
import { Conditions, Facts, Sinks } from '../parts/webhook-tables.tsx'

/** The figures of its last hour, which no change of the object announces. */
const askEveryMs = 10_000

/** One GeminiWebhook: its chain, its secrets, its sinks, what is delivered. */
export function WebhookPage({ namespace, name }: WebhookKey) {
  const id = `${namespace}/${name}`
  const row = useComputed(() => rows.value.byId.get(id)).value
  const asked = useAsked<WebhookDetail>(
    pageAddresses.webhook,
    { namespace, name },
    { again: `${row?.version} ${finished.value}`, everyMs: askEveryMs },
  )
  const detail = asked?.ok === true ? asked.value : undefined
  const isGone = asked?.ok === false && asked.status === 404 && rows.value.isComplete
  const health = row?.health ?? detail?.row.health
  return (
    <Page
      title={`${namespace} / ${name}`}
      badge={health !== undefined && <HealthBadge health={health} />}
      actions={detail !== undefined && <Actions detail={detail} />}
    >
      {asked === undefined && <Loading what={id} />}
      {asked?.ok === false && (
        <Empty title={isGone ? `${id} does not exist (any more)` : `${id} cannot be shown`}>
          <p>{asked.error}</p>
          <p>
            <a href={hrefOf({ page: 'webhooks' })}>All webhooks</a>
          </p>
        </Empty>
      )}
      {detail !== undefined && <Detail detail={detail} />}
    </Page>
  )
}

function Actions({ detail: { row, may, events, backfill } }: { detail: WebhookDetail }) {
  const { namespace, name, pending } = row
  return (
    <div class="actions">
      <ActionButton label="Ping" may={may.ping} onAct={() => begin(pingTask(row))} />
      <ActionButton label="Send test event" may={may.send} onAct={() => begin(sendTask(row, events))} />
      <ActionButton label="Rotate…" may={may.rotate} onAct={() => begin(rotateTask(row))} />
      {/* By the same right: both are a request in the spec. */}
      {backfill.lookback !== undefined && (
        <ActionButton label="Backfill…" may={may.rotate} onAct={() => begin(backfillTask(row))} />
      )}
      {pending > 0 && (
        <ActionButton
          label={`Retry now (${count(pending)})`}
          may={may.retry}
          isMain
          onAct={() =>
            begin(
              retryTask({ selection: { namespace, name } }, counted(pending, 'pending delivery', 'pending deliveries')),
            )
          }
        />
      )}
    </div>
  )
}

function Detail({ detail }: { detail: WebhookDetail }) {
  const { row, chain, firstBroken, may, secrets, rotation, createdMs, secretName, lastHour } = detail
  return (
    <>
      <MissingRights
        of={{ Ping: may.ping, 'Send test event': may.send, Rotate: may.rotate, 'Retry and replay': may.retry }}
      />
      <div class="grid">
        <Card title="From Google to your worker">
          <Chain chain={chain} firstBroken={firstBroken} />
        </Card>
      </div>
      <div class="grid wide-narrow">
        <Card
          title="Signing secrets"
          aside={secretName !== undefined && <span class="caption">Secret {secretName}</span>}
        >
          {secrets.length === 0 ? (
            <NoSecret isRegistered={detail.events.length > 0} />
          ) : (
            <SecretTimes secrets={secrets} rotation={rotation} createdMs={createdMs} />
          )}
        </Card>
        <Card title="Deliveries, last hour">
          <Chart
            kind="bars"
            height={104}
            says={`Last hour: ${lastHour.total.delivered} delivered, ${lastHour.total.triedAgain} tried again, ${lastHour.total.deadLetters} dead letters`}
            times={lastHour.minutes}
            series={[
              { label: 'delivered', colour: 'bar', values: lastHour.delivered },
              { label: 'tried again', colour: 'warn', values: lastHour.triedAgain },
              { label: 'dead letters', colour: 'bad', values: lastHour.deadLetters },
            ]}
          />
          <p class="legend">
            <span class="sign main">delivered {count(lastHour.total.delivered)}</span>
            <span class="sign warn">tried again {count(lastHour.total.triedAgain)}</span>
            <span class="sign bad">dead letters {count(lastHour.total.deadLetters)}</span>
          </p>
        </Card>
      </div>
      <div class="grid">
        <Sinks of={row} sinks={detail.sinks} />
        <Backfill backfill={detail.backfill} />
        <LiveDeliveries
          isOfOne
          key={row.id}
          title="Live deliveries"
          filter={({ namespace, name }) => namespace === row.namespace && name === row.name}
        />
        <Conditions conditions={detail.conditions} />
        <Facts detail={detail} />
      </div>
    </>
  )
}

function NoSecret({ isRegistered }: { isRegistered: boolean }) {
  return isRegistered ? (
    <Empty title="No signing secret yet">Google shows it once, when the webhook is registered.</Empty>
  ) : (
    <Empty title="It needs no signing secret">
      Without spec.events no webhook is registered at Google, and tokens sign the events of single jobs.
    </Empty>
  )
}
