import { useState } from 'preact/hooks'

import type { ActionResult } from '../../contract/page/actions.ts'
import type { Answer } from '../live/ask.ts'
import { Modal } from '../parts/modal.tsx'
import { Visible } from '../parts/visible.tsx'
import { carryOut, taskState, type Task } from './task.ts'

const close = () => (taskState.value = undefined)

/** Asks, waits and tells, for the task under way. */
export function TaskDialog() {
  const state = taskState.value
  if (state === undefined) return null
  return (
    <Modal title={state.task.title} onClose={close} key={state.task.title}>
      {state.at === 'asking' && <Question task={state.task} />}
      {state.at === 'doing' && <p role="status">{state.task.doing} …</p>}
      {state.at === 'told' && <Outcome answer={state.answer} />}
    </Modal>
  )
}

function Question({ task }: { task: Task }) {
  const { question, verb, toType, option, choice: choices } = task
  const [typed, setTyped] = useState('')
  const [isChosen, setChosen] = useState(false)
  const [choice, setChoice] = useState(choices?.of[0] ?? '')
  const mayGo = toType === undefined || typed === toType
  const onSubmit = (event: Event) => {
    event.preventDefault()
    if (mayGo) void carryOut(task, { typed, isChosen, choice })
  }
  return (
    <form onSubmit={onSubmit}>
      <p>{question}</p>
      {option !== undefined && (
        <p>
          <label>
            <input type="checkbox" checked={isChosen} onChange={(event) => setChosen(event.currentTarget.checked)} />{' '}
            {option.label}
          </label>
          <span class="caption"> {option.explains}</span>
        </p>
      )}
      {choices !== undefined && (
        <label class="labelled">
          {choices.label}
          <select class="field" value={choice} onChange={(event) => setChoice(event.currentTarget.value)}>
            {choices.of.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      )}
      {toType !== undefined && (
        <label class="labelled">
          Type <code>{toType}</code> to go on
          <input
            class="field mono"
            value={typed}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
      )}
      <div class="actions">
        <button type="button" class="act" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="act main" disabled={!mayGo}>
          {verb}
        </button>
      </div>
    </form>
  )
}

const outcomes = {
  done: ['good', 'Done'],
  failed: ['bad', 'Failed'],
  unjudged: ['', 'Whether it went well is not known'],
} as const

function Outcome({ answer }: { answer: Answer<ActionResult> }) {
  return (
    <>
      {answer.ok ? (
        <Told result={answer.value} />
      ) : (
        <p class="notice bad" role="alert">
          {answer.error}
        </p>
      )}
      <div class="actions">
        <button type="button" class="act main" onClick={close} autofocus>
          Close
        </button>
      </div>
    </>
  )
}

function Told({ result: { outcome, says, problem, command } }: { result: ActionResult }) {
  const [tone, word] = outcomes[outcome]
  return (
    <>
      <div class={`notice ${tone}`} role="alert">
        <strong>{word}.</strong> <Visible text={problem} keepLines />
      </div>
      {says !== '' && (
        <pre class="block">
          <Visible text={says} keepLines />
        </pre>
      )}
      <p class="caption">
        The same by command: <code>{command}</code>
      </p>
    </>
  )
}
