import type { Access, Permission } from '../../contract/page/rights.ts'
import { ActionButton } from '../actions/action-button.tsx'
import { begin } from '../actions/task.ts'
import { drainTask } from '../actions/tasks.ts'
import { count } from '../format.ts'
import { access, findings, hello, receivers } from '../live/state.ts'
import { Ago, Badge, Card, Empty, Loading, type Tone } from '../parts/basics.tsx'
import { Page } from '../parts/shell.tsx'
import { Visible } from '../parts/visible.tsx'
import { TableHead } from '../parts/table-head.tsx'

/** What runs, what `gwh doctor` finds, and what you may do. */
export function InstallationPage() {
  return (
    <Page title="Installation">
      <div class="grid">
        <Findings />
        <Receivers />
        <Rights />
        <About />
      </div>
    </Page>
  )
}

const findingTones = { Good: ['good', '✓ Good'], Broken: ['bad', '! Broken'], Open: ['quiet', '○ Open'] } as const

function Findings() {
  const known = findings.value
  return (
    <Card
      title="What “gwh doctor” finds"
      aside={
        known !== undefined && (
          <span class="caption">
            looked <Ago at={known.atMs} />
          </span>
        )
      }
    >
      {known === undefined ? (
        <Loading what="the findings" />
      ) : (
        <table class="plain-table">
          <tbody>
            {known.findings.map(({ name, state, says }) => {
              const [tone, word] = findingTones[state]
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <Badge tone={tone}>{word}</Badge>
                  </td>
                  <td>
                    <Visible text={says} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
    </Card>
  )
}

const receiverTones: Readonly<Record<string, Tone>> = { Connected: 'good', Connecting: 'warn', Unreachable: 'bad' }

function Receivers() {
  const known = receivers.value
  const may = access.value?.receivers
  return (
    <Card title="Receivers">
      {known === undefined && <Loading what="the receivers" />}
      {known?.receivers.length === 0 && (
        <Empty title="No receiver">
          {known.why ?? `None runs in the namespace ${hello.value?.operatorNamespace}: nothing can arrive.`}
        </Empty>
      )}
      {known !== undefined && known.receivers.length > 0 && (
        <div class="overflow">
          <table class="plain-table">
            <TableHead
              titles={[
                'Pod',
                'State',
                ['Pending', 'number'],
                ['Dead letters', 'number'],
                ['Inbox', 'wide'],
                ['Action', 'unseen'],
              ]}
            />
            <tbody>
              {known.receivers.map(({ pod, state, why, sinceMs, pending, deadLetters, inbox = '–' }) => (
                <tr key={pod}>
                  <th scope="row">{pod}</th>
                  <td>
                    <Badge tone={receiverTones[state] ?? 'quiet'}>{state}</Badge>{' '}
                    <span class="caption">
                      <Ago at={sinceMs} />
                    </span>
                    {why !== undefined && <div class="caption">{why}</div>}
                  </td>
                  <td class="number">{pending === undefined ? '–' : count(pending)}</td>
                  <td class="number">{deadLetters === undefined ? '–' : count(deadLetters)}</td>
                  <td class="wide">{inbox}</td>
                  <td class="number">
                    <ActionButton label="Drain…" may={may} onAct={() => begin(drainTask(pod))} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}

const rights: readonly (readonly [keyof Access, string])[] = [
  ['webhooks', 'See GeminiWebhooks'],
  ['receivers', 'See deliveries, replay, retry, drain'],
  ['installation', 'See what doctor reads'],
]

function Rights() {
  const known = access.value
  return (
    <Card title="What you may do">
      {known === undefined ? (
        <Loading what="your rights" />
      ) : (
        <table class="plain-table">
          <tbody>
            {rights.map(([what, label]) => (
              <tr key={what}>
                <th scope="row">{label}</th>
                <td>
                  <May permission={known[what]} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  )
}

function May({ permission }: { permission: Permission }) {
  switch (permission.may) {
    case 'yes':
      return <Badge tone="good">✓ Yes</Badge>
    case 'no':
      return (
        <>
          <Badge tone="bad">! No</Badge> missing: {permission.missing.join('; ')}
        </>
      )
    case 'unknown':
      return (
        <>
          <Badge tone="quiet">○ Not known</Badge> {permission.why}
        </>
      )
  }
}

function About() {
  const known = hello.value
  if (known === undefined) return null
  return (
    <Card title="This page">
      <table class="plain-table">
        <tbody>
          <tr>
            <th scope="row">Cluster</th>
            <td>
              {known.server}, context {known.context}
            </td>
          </tr>
          <tr>
            <th scope="row">Operator</th>
            <td>namespace {known.operatorNamespace}</td>
          </tr>
          <tr>
            <th scope="row">gwh</th>
            <td>{known.version}</td>
          </tr>
        </tbody>
      </table>
    </Card>
  )
}
