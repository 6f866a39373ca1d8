import { Page } from '../parts/shell.tsx'
import { WebhookList } from '../parts/webhook-list.tsx'

/** All objects. */
export function WebhooksPage() {
  return (
    <Page title="Webhooks" hasNamespace>
      <WebhookList title="All webhooks" />
    </Page>
  )
}
