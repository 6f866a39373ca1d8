import { namespace } from '../live/state.ts'
import { LiveDeliveries } from '../parts/live-deliveries.tsx'
import { Page } from '../parts/shell.tsx'

/** What arrives and what becomes of it, as it happens. */
export function DeliveriesPage() {
  const only = namespace.value
  return (
    <Page title="Deliveries" hasNamespace>
      <LiveDeliveries key={only} title="As it happens" filter={({ namespace }) => only === '' || namespace === only} />
    </Page>
  )
}
