import { pageAddresses } from '../../contract/page/addresses.ts'
import type { RouteDetail, RouteKey } from '../../contract/page/routes.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import { finished } from '../actions/task.ts'
import { rows } from '../live/state.ts'
import { useAsked } from '../live/use-asked.ts'
import { Chain } from '../parts/chain.tsx'
import { Card, Empty, Loading } from '../parts/basics.tsx'
import { LiveDeliveries } from '../parts/live-deliveries.tsx'
import { RouteBadge } from '../parts/route-table.tsx'
import { Page } from '../parts/shell.tsx'
import { Conditions, Sinks } from '../parts/webhook-tables.tsx'
import { hrefOf } from '../route.ts'

/** Nothing announces a change of a route. */
const askEveryMs = 5_000

/** One GeminiRoute: its chain through the webhook and the consent to its sinks, and what is delivered. */
export function RoutePage({ namespace, name }: RouteKey) {
  const asked = useAsked<RouteDetail>(
    pageAddresses.route,
    { namespace, name },
    { again: finished.value, everyMs: askEveryMs },
  )
  const detail = asked?.ok === true ? asked.value : undefined
  return (
    <Page title={`${namespace} / ${name}`} badge={detail !== undefined && <RouteBadge state={detail.row.state} />}>
      {asked === undefined && <Loading what={`${namespace}/${name}`} />}
      {asked?.ok === false && (
        <Empty title="The route cannot be shown">
          <p>{asked.error}</p>
          <p>
            <a href={hrefOf({ page: 'webhooks' })}>All webhooks and routes</a>
          </p>
        </Empty>
      )}
      {detail !== undefined && <Detail detail={detail} />}
    </Page>
  )
}

/** Leads to the webhook where the user may see it. */
function Webhook({ id }: { id: string }) {
  const row = rows.value.byId.get(id)
  if (row === undefined) return <>{id}</>
  return <a href={hrefOf({ page: 'webhook', namespace: row.namespace, name: row.name })}>{id}</a>
}

function Detail({ detail: { row, chain, firstBroken, conditions, sinks } }: { detail: RouteDetail }) {
  const owner = { namespace: row.namespace, name: routeOwnerName(row.name) }
  return (
    <div class="grid">
      <Card
        title={
          <>
            From <Webhook id={row.webhook} /> to your worker
          </>
        }
      >
        <Chain chain={chain} firstBroken={firstBroken} />
      </Card>
      <Sinks of={owner} sinks={sinks} />
      <LiveDeliveries
        isOfOne
        key={row.id}
        title="Live deliveries"
        filter={({ namespace, name }) => namespace === owner.namespace && name === owner.name}
      />
      <Conditions conditions={conditions} />
    </div>
  )
}
