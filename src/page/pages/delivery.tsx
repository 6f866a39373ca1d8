import { useComputed } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'

import { pageAddresses } from '../../contract/page/addresses.ts'
import type { DeliveryKey, DeliveryLife, EventBody } from '../../contract/page/deliveries.ts'
import type { Permission } from '../../contract/page/rights.ts'
import { ActionButton, MissingRights } from '../actions/action-button.tsx'
import { begin, finished } from '../actions/task.ts'
import { replayTask, retryTask } from '../actions/tasks.ts'
import { bytes } from '../format.ts'
import { ask, type Answer } from '../live/ask.ts'
import { access, entries } from '../live/state.ts'
import { useAsked } from '../live/use-asked.ts'
import { hrefOf, hrefOfOwner } from '../route.ts'
import { Ago, Badge, Card, Empty, Loading, type Tone } from '../parts/basics.tsx'
import { Page } from '../parts/shell.tsx'
import { Visible } from '../parts/visible.tsx'
import { Waterfall } from '../parts/waterfall.tsx'

/** One delivery, from Google to its end at each sink. */
export function DeliveryPage({ namespace, name, eventId }: DeliveryKey) {
  const last = useComputed(() => entries.value.find((entry) => entry.eventId === eventId)?.number ?? 0).value
  const asked = useAsked<DeliveryLife>(
    pageAddresses.delivery,
    { namespace, name, eventId },
    { again: `${last} ${finished.value}` },
  )
  const life = asked?.ok === true ? asked.value : undefined
  return (
    <Page
      title={eventId}
      badge={life?.eventType !== undefined && <Badge tone="quiet">{life.eventType}</Badge>}
      actions={
        <a class="act" href={hrefOfOwner({ namespace, name })}>
          {namespace}/{name}
        </a>
      }
    >
      {asked === undefined && <Loading what={eventId} />}
      {asked?.ok === false && (
        <Empty title={asked.status === 404 ? 'No receiver remembers this delivery' : 'It cannot be shown'}>
          <p>{asked.error}</p>
          <p>
            Receivers remember the last deliveries, and everything that is pending or a dead letter.{' '}
            <a href={hrefOf({ page: 'deliveries' })}>All deliveries</a>
          </p>
        </Empty>
      )}
      {life !== undefined && <Life life={life} may={access.value?.receivers} />}
    </Page>
  )
}

function Life({ life, may }: { life: DeliveryLife; may: Permission | undefined }) {
  return (
    <>
      <MissingRights of={{ 'Retry and replay': may }} />
      {life.without.length > 0 && (
        <p class="notice">{life.without.join(', ')} did not answer, and may know more of this delivery.</p>
      )}
      <div class="grid">
        <Card title="Its life" aside={<span class="caption">long pauses are drawn short</span>}>
          <Waterfall steps={life.steps} />
        </Card>
        <Card title="At its sinks">
          <SinkStates life={life} may={may} />
        </Card>
        <Card title="Headers">
          <Headers headers={life.headers} />
        </Card>
        <Card title="Body">
          <Body body={life.body} />
        </Card>
      </div>
    </>
  )
}

const stateWords: Record<DeliveryLife['sinks'][number]['state'], readonly [Tone, string]> = {
  Delivered: ['good', 'Delivered'],
  Skipped: ['quiet', 'Not wanted'],
  Pending: ['warn', 'Pending'],
  Held: ['warn', 'Held'],
  DeadLetter: ['bad', 'Dead letter'],
  Unknown: ['quiet', 'Not known'],
}

function SinkStates({ life, may }: { life: DeliveryLife; may: Permission | undefined }) {
  if (life.sinks.length === 0) return <Empty title="No sink">It was stored for none.</Empty>
  return (
    <table class="plain-table">
      <tbody>
        {life.sinks.map(({ sink, state, id, nextTryAt, why }) => {
          const [tone, word] = stateWords[state]
          return (
            <tr key={sink}>
              <th scope="row">{sink}</th>
              <td>
                <Badge tone={tone}>{word}</Badge>{' '}
                {nextTryAt !== undefined && (
                  <span class="caption">
                    next try <Ago at={nextTryAt} />
                  </span>
                )}
                {why !== undefined && (
                  <span class="caption">
                    <Visible text={why} />
                  </span>
                )}
              </td>
              <td class="number">
                {id !== undefined && state === 'DeadLetter' && (
                  <ActionButton
                    label="Replay"
                    may={may}
                    onAct={() => begin(replayTask({ ids: [id] }, '1 dead letter'))}
                  />
                )}
                {id !== undefined && (state === 'Pending' || state === 'Held') && (
                  <ActionButton
                    label="Retry now"
                    may={may}
                    onAct={() => begin(retryTask({ ids: [id] }, '1 pending delivery'))}
                  />
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Headers({ headers }: { headers: Readonly<Record<string, string>> }) {
  const names = Object.keys(headers).toSorted()
  if (names.length === 0) return <Empty title="Not remembered">The request was too long ago.</Empty>
  return (
    <table class="plain-table mono">
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row">
              <Visible text={name} />
            </th>
            <td>
              <Visible text={headers[name] ?? ''} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Read only when asked for: a body may hold what not everybody at the screen should see. */
function Body({ body }: { body: DeliveryLife['body'] }) {
  const id = 'id' in body ? body.id : undefined
  const [answer, setAnswer] = useState<Answer<EventBody> | 'asked' | undefined>(undefined)
  useEffect(() => setAnswer(undefined), [id])
  if (id === undefined) return <p class="quiet">{'why' in body ? body.why : ''}</p>
  if (answer === 'asked') return <Loading what="the body" />
  const show = async () => {
    setAnswer('asked')
    setAnswer(await ask<EventBody>(pageAddresses.body, { id }))
  }
  if (answer === undefined)
    return (
      <button type="button" class="act" onClick={() => void show()}>
        Show the body
      </button>
    )
  if (!answer.ok) return <p class="notice bad">{answer.error}</p>
  const { contentType, receivedAt, bytes: size, text, isCut } = answer.value
  return (
    <>
      <p class="caption">
        <Visible text={contentType} />, {bytes(size)}, received <Ago at={receivedAt} />
        {isCut && '; only its beginning is shown'}
      </p>
      <pre class="block" tabIndex={0} aria-label="Body">
        <Visible text={text} keepLines />
      </pre>
    </>
  )
}
