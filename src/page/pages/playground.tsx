import { useSignal } from '@preact/signals'

import { pageAddresses } from '../../contract/page/addresses.ts'
import type { PlaygroundAction } from '../../contract/playground/actions.ts'
import {
  playgroundAddresses,
  type ActionDone,
  type Look,
  type PlaygroundState,
} from '../../contract/playground/answers.ts'
import { finished } from '../actions/task.ts'
import { count } from '../format.ts'
import { send, type Answer } from '../live/ask.ts'
import { useAsked } from '../live/use-asked.ts'
import { hrefOf } from '../route.ts'
import { Ago, Badge, Card, Empty, Loading } from '../parts/basics.tsx'
import { Page } from '../parts/shell.tsx'
import { Visible } from '../parts/visible.tsx'
import { GoogleCard, JobsCard, ObjectsCard, RequestsCard, WorkerCard } from '../parts/playground-cards.tsx'
import { TableHead } from '../parts/table-head.tsx'

const addressOf = (what: keyof typeof playgroundAddresses) => `${pageAddresses.playground}${playgroundAddresses[what]}`

/** Cheap for the server, and only while it is seen. */
const askEveryMs = 1_000

/** The surroundings of the operator, to play with: Google, its jobs, the worker, the clock. */
export function PlaygroundPage() {
  const chosen = useSignal('')
  const done = useSignal<Answer<ActionDone> | 'doing' | undefined>(undefined)
  const asked = useAsked<PlaygroundState>(addressOf('state'), {}, { again: finished.value, everyMs: askEveryMs })
  const act = async (action: PlaygroundAction) => {
    done.value = 'doing'
    done.value = await send<ActionDone>(addressOf('actions'), action)
    finished.value++
  }
  if (asked?.ok !== true)
    return (
      <Page title="Playground">
        {asked === undefined ? (
          <Loading what="the playground" />
        ) : (
          <Empty title="The playground does not answer">{asked.error}</Empty>
        )}
      </Page>
    )
  const state = asked.value
  const names = state.webhooks.map(({ namespace, name }) => `${namespace}/${name}`)
  const webhook = names.includes(chosen.value) ? chosen.value : (names[0] ?? '')
  const about = state.webhooks.find(({ namespace, name }) => `${namespace}/${name}` === webhook)
  const given = { state, act, webhook, about }
  return (
    <Page
      title="Playground"
      actions={
        names.length > 0 && (
          <select
            class="pill"
            aria-label="Webhook to play with"
            value={webhook}
            onChange={(event) => (chosen.value = event.currentTarget.value)}
          >
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )
      }
    >
      <Done answer={done.value} />
      <div class="grid thirds">
        <JobsCard {...given} />
        <WorkerCard {...given} />
        <GoogleCard {...given} />
        <RequestsCard {...given} />
        <ObjectsCard {...given} />
      </div>
      <Received state={state} />
    </Page>
  )
}

function Done({ answer }: { answer: Answer<ActionDone> | 'doing' | undefined }) {
  if (answer === undefined)
    return (
      <p class="notice">Everything here happens on this machine: do something, and see what the product makes of it.</p>
    )
  if (answer === 'doing')
    return (
      <p class="notice" role="status">
        Doing it …
      </p>
    )
  if (!answer.ok)
    return (
      <p class="notice bad" role="alert">
        {answer.error}
      </p>
    )
  const { says, look } = answer.value
  const href = hrefTo(look)
  return (
    <p class="notice good" role="status">
      {says} {href !== undefined && <a href={href}>Look</a>}
    </p>
  )
}

function hrefTo(look: Look): string | undefined {
  switch (look.at) {
    case 'overview':
      return hrefOf({ page: 'overview' })
    case 'deadLetters':
      return hrefOf({ page: 'dead-letters' })
    case 'pending':
      return hrefOf({ page: 'waiting' })
    case 'webhook':
      return hrefOf({ page: 'webhook', namespace: look.namespace, name: look.name })
    case 'delivery':
      return hrefOf({ page: 'delivery', namespace: look.namespace, name: look.name, eventId: look.eventId })
    // It is below, on this page.
    case 'received':
      return undefined
  }
}

function Received({ state: { received, worker } }: { state: PlaygroundState }) {
  return (
    <Card title="What the worker received" aside={<span class="caption">{count(worker.accepted)} accepted</span>}>
      {received.length === 0 ? (
        <Empty title="Nothing yet">Finish a batch above.</Empty>
      ) : (
        <div class="overflow scroll" tabIndex={0} role="group" aria-label="What the worker received">
          <table class="plain-table">
            <TableHead titles={['When', 'Type', ['Event', 'wide'], ['Repeated', 'unseen']]} />
            <tbody>
              {received.map(({ eventId, type, receivedAt, repeated }, at) => (
                <tr key={`${received.length - at} ${eventId}`}>
                  <td>
                    <Ago at={receivedAt} />
                  </td>
                  <td>
                    <Visible text={type} />
                  </td>
                  <td class="wide mono">
                    <Visible text={eventId} />
                  </td>
                  <td>{repeated && <Badge tone="warn">repeated</Badge>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}
