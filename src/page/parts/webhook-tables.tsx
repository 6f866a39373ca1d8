import type { WebhookKey } from '../../contract/page/overview.ts'
import type { ConditionView, SinkView, WebhookDetail } from '../../contract/page/webhook-detail.ts'
import { count } from '../format.ts'
import { Ago, Badge, Card, Empty, type Tone } from './basics.tsx'
import { Visible } from './visible.tsx'
import { TableHead } from './table-head.tsx'

function healthOf({ isReady, isSuspended, failingSince }: SinkView): readonly [Tone, string] {
  if (isSuspended === true) return ['quiet', 'Suspended']
  if (!isReady) return ['bad', 'Not ready']
  return failingSince === undefined ? ['good', 'Well'] : ['bad', 'Failing']
}

/** Where the events go, how each is, and what waits for it. `of`: as deliveries name the object. */
export function Sinks({ of: { namespace, name: owner }, sinks }: { of: WebhookKey; sinks: readonly SinkView[] }) {
  const lettersOf = (sink: string, page: string) => `#/${page}?${new URLSearchParams({ namespace, name: owner, sink })}`
  return (
    <Card title="Sinks">
      {sinks.length === 0 ? (
        <Empty title="No sink">Events are stored and go nowhere: name one in spec.sinks.</Empty>
      ) : (
        <div class="overflow">
          <table class="plain-table">
            <TableHead
              titles={[
                'Name',
                'Health',
                ['Where', 'wide'],
                ['Wants', 'wide'],
                ['Pending', 'number'],
                ['Dead letters', 'number'],
              ]}
            />
            <tbody>
              {sinks.map((sink) => {
                const {
                  name,
                  kind,
                  address = '–',
                  filter,
                  failingSince,
                  lastFailure,
                  reason,
                  pending,
                  deadLetters,
                } = sink
                const [tone, word] = healthOf(sink)
                return (
                  <tr key={name}>
                    <td>
                      <strong>{name}</strong> <span class="caption">{kind}</span>
                    </td>
                    <td>
                      <Badge tone={tone}>{word}</Badge>
                      {reason !== undefined && sink.isSuspended !== true && <div class="caption">{reason}</div>}
                      {failingSince !== undefined && (
                        <div class="caption">
                          since <Ago at={failingSince} />: <Visible text={lastFailure ?? ''} />
                        </div>
                      )}
                    </td>
                    <td class="wide">{address}</td>
                    <td class="wide">{filter === undefined ? 'all events' : <code>{filter}</code>}</td>
                    <td class="number">
                      {pending > 0 ? <a href={lettersOf(name, 'waiting')}>{count(pending)}</a> : 0}
                    </td>
                    <td class="number">
                      {deadLetters > 0 ? <a href={lettersOf(name, 'dead-letters')}>{count(deadLetters)}</a> : 0}
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}

/** What the controller says about the object, and since when. */
export function Conditions({ conditions }: { conditions: readonly ConditionView[] }) {
  return (
    <Card title="Conditions">
      {conditions.length === 0 ? (
        <Empty title="None yet">No controller has looked at this object: does one run?</Empty>
      ) : (
        <table class="plain-table">
          <TableHead titles={['Condition', 'Status', 'What', ['Since', 'wide']]} />
          <tbody>
            {conditions.map(({ type, status, reason, message, lastTransitionTime, question, remedy }) => (
              <tr key={type}>
                <td class="word" title={question}>
                  {type}
                </td>
                <td>{status}</td>
                <td>
                  <strong>{reason}</strong> <Visible text={message} />
                  {remedy !== undefined && remedy !== 'Nothing.' && <div class="caption">{remedy}</div>}
                </td>
                <td class="wide">
                  <Ago at={lastTransitionTime} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  )
}

/** What else there is to know. */
export function Facts({ detail: { endpoint, googleId, events, createdMs } }: { detail: WebhookDetail }) {
  return (
    <Card title="Registration">
      <table class="plain-table">
        <tbody>
          <tr>
            <th scope="row">Endpoint</th>
            <td class="mono">{endpoint ?? '–'}</td>
          </tr>
          <tr>
            <th scope="row">Id at Google</th>
            <td class="mono">{googleId ?? '–'}</td>
          </tr>
          <tr>
            <th scope="row">Events</th>
            <td>{events.length === 0 ? 'none' : events.join(', ')}</td>
          </tr>
          <tr>
            <th scope="row">Created</th>
            <td>
              <Ago at={createdMs} />
            </td>
          </tr>
        </tbody>
      </table>
    </Card>
  )
}
