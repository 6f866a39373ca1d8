import { signal } from '@preact/signals'

import { shortcuts } from '../keys.ts'
import { Modal } from './modal.tsx'

export const isHelpOpen = signal(false)

const inLists = [
  { keys: '↑ ↓ PgUp PgDn Home End', does: 'move in a list' },
  { keys: 'Enter', does: 'open' },
  { keys: 'Space', does: 'select' },
  { keys: 'Esc', does: 'close' },
]

/** What the keyboard does. */
export function Help() {
  if (!isHelpOpen.value) return null
  return (
    <Modal title="Keyboard" onClose={() => (isHelpOpen.value = false)}>
      <table class="plain-table">
        <tbody>
          {[...shortcuts, ...inLists].map(({ keys, does }) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <form method="dialog" class="actions">
        <button type="submit" class="act main">
          Close
        </button>
      </form>
    </Modal>
  )
}
