import type { Signal } from '@preact/signals'
import { useState } from 'preact/hooks'

import type { Selection } from '../../contract/page/actions.ts'
import { namedWebhook, selectionOf, type TypedFields } from './typed-selection.ts'

const labels: Readonly<Record<keyof TypedFields, string>> = {
  webhook: 'Webhook or route',
  sink: 'Sink',
  type: 'Type of event',
  eventId: 'Event id',
  why: 'Why',
  since: 'Since',
  until: 'Until',
}

const placeholders: Readonly<Partial<Record<keyof TypedFields, string>>> = {
  webhook: 'namespace/name',
  since: '2026-11-21T12:00:00Z',
  until: '2026-11-21T12:00:00Z',
}

/** The fields of a selection, as the flags of the commands name them; taken over on Enter or when a field is left. */
export function SelectionFields({ why, selection }: { why: 'reason' | 'cause'; selection: Signal<Selection> }) {
  const [problem, setProblem] = useState('')
  const given = selection.value
  const values: TypedFields = {
    webhook: namedWebhook(given),
    sink: given.sink ?? '',
    type: given.type ?? '',
    eventId: given.eventId ?? '',
    why: given[why] ?? '',
    since: given.since ?? '',
    until: given.until ?? '',
  }
  const take = (form: HTMLFormElement) => {
    const typed = Object.fromEntries(new FormData(form)) as unknown as TypedFields
    const read = selectionOf(typed, why)
    setProblem('problem' in read ? read.problem : '')
    if ('selection' in read && JSON.stringify(read.selection) !== JSON.stringify(selection.peek()))
      selection.value = read.selection
  }
  return (
    <form
      aria-label="Selection"
      onSubmit={(event) => {
        event.preventDefault()
        take(event.currentTarget)
      }}
      onChange={(event) => take(event.currentTarget)}
    >
      <div class="filters">
        {(Object.keys(labels) as (keyof TypedFields)[]).map((field) => (
          <label class="labelled" key={field}>
            {field === 'why' ? (why === 'reason' ? 'Reason' : 'Last cause') : labels[field]}
            <input
              class="field"
              name={field}
              defaultValue={values[field]}
              placeholder={placeholders[field] ?? ''}
              autocomplete="off"
              spellcheck={false}
            />
          </label>
        ))}
      </div>
      {problem !== '' && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="visually-hidden" tabIndex={-1}>
        Select
      </button>
    </form>
  )
}
