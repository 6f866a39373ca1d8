import { Page } from '../parts/shell.tsx'
import { RouteTable } from '../parts/route-table.tsx'
import { WebhookList } from '../parts/webhook-list.tsx'

/** All objects. */
export function WebhooksPage() {
  return (
    <Page title="Webhooks" hasNamespace>
      <div class="grid">
        <WebhookList title="All webhooks" />
        <RouteTable />
      </div>
    </Page>
  )
}
