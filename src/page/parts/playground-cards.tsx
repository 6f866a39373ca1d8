import { useState } from 'preact/hooks'

import type { PlaygroundAction, jobOutcomes, workerRefusals } from '../../contract/playground/actions.ts'
import type { PlaygroundState, PlaygroundWebhook } from '../../contract/playground/answers.ts'
import { span } from '../format.ts'
import { Badge, Card } from './basics.tsx'

interface Given {
  readonly state: PlaygroundState
  readonly act: (action: PlaygroundAction) => Promise<void>
  /** `namespace/name` of the chosen one; empty: there is none. */
  readonly webhook: string
  readonly about: PlaygroundWebhook | undefined
}

/** As in the contract, whose schemas the page does not load. */
const outcomes = {
  batch: ['succeeded', 'failed', 'expired'],
  interaction: ['completed', 'requires_action', 'failed'],
  video: ['generated'],
} as const satisfies typeof jobOutcomes
const refusals = [400, 503] as const satisfies typeof workerRefusals

function Button({ label, onAct, disabled = false }: { label: string; onAct: () => Promise<void>; disabled?: boolean }) {
  return (
    <button type="button" class="act" disabled={disabled} onClick={() => void onAct()}>
      {label}
    </button>
  )
}

/** A job at Google ends: a batch, an interaction or a video, to all webhooks or to one dynamic endpoint. */
export function JobsCard({ act, webhook, about }: Given) {
  const [isDynamic, setDynamic] = useState(false)
  const to = isDynamic && about?.dynamic === true ? { dynamic: webhook } : {}
  return (
    <Card title="A job at Google ends">
      {about?.dynamic === true && (
        <p>
          <label>
            <input type="checkbox" checked={isDynamic} onChange={(event) => setDynamic(event.currentTarget.checked)} />{' '}
            to the dynamic endpoint of {webhook}
          </label>
        </p>
      )}
      <Finish
        job="batch"
        outcomes={outcomes.batch}
        onFinish={(outcome) => act({ action: 'finishJob', job: 'batch', outcome, ...to })}
      />
      <Finish
        job="interaction"
        outcomes={outcomes.interaction}
        onFinish={(outcome) => act({ action: 'finishJob', job: 'interaction', outcome, ...to })}
      />
      <Finish
        job="video"
        outcomes={outcomes.video}
        onFinish={(outcome) => act({ action: 'finishJob', job: 'video', outcome, ...to })}
      />
    </Card>
  )
}

function Finish<Outcome extends string>({
  job,
  outcomes,
  onFinish,
}: {
  job: string
  outcomes: readonly [Outcome, ...Outcome[]]
  onFinish: (outcome: Outcome) => Promise<void>
}) {
  const [chosen, choose] = useState<Outcome>(outcomes[0])
  return (
    <p class="actions row one-line">
      <Button label={`Finish ${job === 'interaction' ? 'an' : 'a'} ${job}`} onAct={() => onFinish(chosen)} />
      {outcomes.length > 1 && (
        <select
          class="field inline"
          aria-label={`How the ${job} ends`}
          value={chosen}
          onChange={(event) => choose(outcomes.find((each) => each === event.currentTarget.value) ?? outcomes[0])}
        >
          {outcomes.map((outcome) => (
            <option key={outcome}>{outcome}</option>
          ))}
        </select>
      )}
    </p>
  )
}

export function WorkerCard({ act, state: { worker } }: Given) {
  return (
    <Card
      title="The worker"
      aside={
        worker.refusesWith === undefined ? (
          <Badge tone="good">takes events</Badge>
        ) : (
          <Badge tone="bad">answers {worker.refusesWith}</Badge>
        )
      }
    >
      <p class="caption">{worker.url}</p>
      <p class="actions row">
        {refusals.map((status) => (
          <Button
            key={status}
            label={status === 400 ? 'Break it: 400, given up at once' : 'Break it: 503, tried again'}
            onAct={() => act({ action: 'breakWorker', status })}
          />
        ))}
        <Button
          label="Mend it"
          disabled={worker.refusesWith === undefined}
          onAct={() => act({ action: 'mendWorker' })}
        />
      </p>
    </Card>
  )
}

export function GoogleCard({ act, webhook, about, state: { clock } }: Given) {
  const isNone = about?.atGoogle === undefined
  return (
    <Card
      title="Another hand"
      aside={about?.atGoogle !== undefined && <Badge tone="quiet">at Google: {about.atGoogle}</Badge>}
    >
      <p class="actions row">
        <Button
          label="Rotate at Google"
          disabled={isNone}
          onAct={() => act({ action: 'rotateAtGoogle', webhook, revokePrevious: false })}
        />
        <Button label="Let Google give up" disabled={isNone} onAct={() => act({ action: 'giveUp', webhook })} />
        <Button
          label="Delete the signing Secret"
          disabled={isNone}
          onAct={() => act({ action: 'deleteSecret', webhook })}
        />
      </p>
      <p class="actions row">
        <Button label="An hour later" onAct={() => act({ action: 'advanceClock', seconds: 3_600 })} />
        <Button label="A day later" onAct={() => act({ action: 'advanceClock', seconds: 86_400 })} />
      </p>
      <p class="caption">
        Google, the cluster and the operator are {span(clock.aheadSeconds * 1_000)} ahead of this machine.
      </p>
    </Card>
  )
}

export function RequestsCard({ act, webhook }: Given) {
  const isNone = webhook === ''
  const forge = (how: 'otherSecret' | 'stale' | 'changedBody') => act({ action: 'forgeRequest', webhook, how })
  return (
    <Card title="Forged requests">
      <p class="actions row">
        <Button label="Signed with another secret" disabled={isNone} onAct={() => forge('otherSecret')} />
        <Button label="Ten minutes old" disabled={isNone} onAct={() => forge('stale')} />
        <Button label="With a changed body" disabled={isNone} onAct={() => forge('changedBody')} />
        <Button
          label="The last genuine one again"
          disabled={isNone}
          onAct={() => act({ action: 'replayRequest', webhook })}
        />
      </p>
    </Card>
  )
}

const samples = [
  ['registered', 'a registered webhook'],
  ['dynamic', 'a dynamic endpoint'],
] as const

export function ObjectsCard({ act, state: { webhooks } }: Given) {
  return (
    <Card title="Objects">
      <p class="actions row">
        {samples.map(([sample, label]) =>
          webhooks.some((each) => each.sample === sample) ? (
            <Button key={sample} label={`Delete ${label}`} onAct={() => act({ action: 'deleteSample', sample })} />
          ) : (
            <Button key={sample} label={`Create ${label}`} onAct={() => act({ action: 'createSample', sample })} />
          ),
        )}
      </p>
    </Card>
  )
}
