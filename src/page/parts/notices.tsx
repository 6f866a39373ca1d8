import { access, apiServer, connection, hello, receivers } from '../live/state.ts'
import { Ago, Trouble } from './basics.tsx'

/** What keeps the page from showing everything: the connection, the API server, rights, receivers. */
export function Notices() {
  return (
    <>
      <ConnectionNotice />
      <ApiServerNotice />
      <RightsNotice />
      <ReceiversNotice />
    </>
  )
}

function ConnectionNotice() {
  switch (connection.value) {
    case 'Connecting':
    case 'Live':
      return null
    case 'Reconnecting':
      return (
        <Trouble>
          <strong>Reconnecting.</strong> <code>gwh ui</code> does not answer: is it still running? What is shown is what
          was last seen. It is asked again by itself.
        </Trouble>
      )
    case 'Ended':
      return (
        <Trouble bad>
          <strong>This page has ended.</strong> <code>gwh ui</code> was started anew, or this page was opened without
          its token: open the address that it printed.
        </Trouble>
      )
  }
}

function ApiServerNotice() {
  const state = apiServer.value
  switch (state.state) {
    case 'Connecting':
    case 'Connected':
      return null
    case 'Away':
      return (
        <Trouble>
          <strong>The Kubernetes API does not answer</strong> since <Ago at={state.sinceMs} />: {state.why}. The objects
          are shown as they were last seen; it is asked again by itself.
        </Trouble>
      )
    case 'Forbidden':
      return (
        <Trouble bad>
          <strong>You may not see GeminiWebhooks.</strong> The right to {state.missing.join(', and to ')} is missing for
          the user of the context {hello.value?.context}. Ask for it, or start <code>gwh ui -n NAMESPACE</code> for a
          namespace that you may see.
        </Trouble>
      )
    case 'NoCRD':
      return (
        <Trouble bad>
          <strong>The API server does not know GeminiWebhooks.</strong> Install the operator, or point{' '}
          <code>gwh ui</code> to another cluster by <code>--context</code>.
        </Trouble>
      )
  }
}

function RightsNotice() {
  const may = access.value?.receivers
  if (may?.may !== 'no') return null
  return (
    <Trouble>
      <strong>Deliveries cannot be shown.</strong> The right to {may.missing.join(', and to ')} is missing for the user
      of the context {hello.value?.context}
      {apiServer.value.state !== 'Forbidden' && '; everything else is shown'}.
    </Trouble>
  )
}

function ReceiversNotice() {
  const known = receivers.value
  if (known === undefined || access.value?.receivers.may === 'no') return null
  const away = known.receivers.filter(({ state }) => state === 'Unreachable')
  if (known.why !== undefined)
    return (
      <Trouble>
        <strong>The receivers could not be found.</strong> {known.why}
      </Trouble>
    )
  if (away.length === 0) return null
  return (
    <Trouble>
      <strong>
        {away.map(({ pod }) => pod).join(', ')} {away.length === 1 ? 'does' : 'do'} not answer.
      </strong>{' '}
      {away[0]?.why} What they hold and deliver is not shown; they are asked again by themselves.
    </Trouble>
  )
}
