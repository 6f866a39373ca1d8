import { render } from 'preact'

import { TaskDialog } from './actions/task-dialog.tsx'
import { followKeys } from './live/follow-keys.ts'
import { startTicking } from './live/now.ts'
import { followPointer } from './live/pointer.ts'
import { followStream } from './live/stream.ts'
import { DeliveriesPage } from './pages/deliveries.tsx'
import { DeliveryPage } from './pages/delivery.tsx'
import { InstallationPage } from './pages/installation.tsx'
import { DeadLettersPage, PendingPage } from './pages/kept-kinds.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { PlaygroundPage } from './pages/playground.tsx'
import { RoutePage } from './pages/route.tsx'
import { WebhookPage } from './pages/webhook.tsx'
import { WebhooksPage } from './pages/webhooks.tsx'
import { Help } from './parts/help.tsx'
import { Side } from './parts/shell.tsx'
import { followAddress, route } from './live/address.ts'

function Here() {
  const to = route.value
  switch (to.page) {
    case 'overview':
      return <OverviewPage />
    case 'webhooks':
      return <WebhooksPage />
    case 'webhook':
      return <WebhookPage key={`${to.namespace}/${to.name}`} namespace={to.namespace} name={to.name} />
    case 'route':
      return <RoutePage key={`${to.namespace}/${to.name}`} namespace={to.namespace} name={to.name} />
    case 'deliveries':
      return <DeliveriesPage />
    case 'delivery':
      return <DeliveryPage key={to.eventId} namespace={to.namespace} name={to.name} eventId={to.eventId} />
    case 'dead-letters':
      return <DeadLettersPage />
    case 'waiting':
      return <PendingPage />
    case 'installation':
      return <InstallationPage />
    case 'playground':
      return <PlaygroundPage />
  }
}

function App() {
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>
        Skip to the content
      </a>
      <div class="shell">
        <Side />
        <Here />
      </div>
      <TaskDialog />
      <Help />
    </>
  )
}

/** The address holds where the page is, so that the link itself must not change it. */
function skip(event: Event): void {
  event.preventDefault()
  document.getElementById('content')?.focus()
}

followAddress()
followStream()
followKeys()
followPointer()
startTicking()
render(<App />, document.getElementById('page') ?? document.body)
