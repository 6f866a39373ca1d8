import { readKey, type KeyState, type Shortcut } from '../keys.ts'
import { isHelpOpen } from '../parts/help.tsx'
import { go } from './address.ts'
import { isSearchWanted } from './state.ts'

const whereTo = {
  'g o': 'overview',
  'g w': 'webhooks',
  'g d': 'deliveries',
  'g l': 'dead-letters',
  'g p': 'waiting',
  'g i': 'installation',
} as const satisfies Partial<Record<Shortcut, string>>

/** The shortcuts work wherever nothing is typed and no dialog is open. */
export function followKeys(): void {
  let before: KeyState | undefined
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return
    const { does, state } = readKey(event.key, event.timeStamp, before)
    before = state
    if (does === undefined) return
    event.preventDefault()
    carryOut(does)
  })
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element) || document.querySelector('dialog[open]') !== null) return target instanceof Element
  return target.closest('input:not([type=checkbox]), textarea, select') !== null
}

function carryOut(shortcut: Shortcut): void {
  if (shortcut === '?') isHelpOpen.value = true
  else if (shortcut === '/') focusSearch()
  else go({ page: whereTo[shortcut] })
}

/** What is typed then replaces what was searched before. */
export function focusAndSelect(field: HTMLInputElement): void {
  field.focus()
  field.select()
}

/** On this page, or on that of the webhooks, whose field takes the focus when it appears. */
function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('input[type=search]')
  if (field !== null) return focusAndSelect(field)
  isSearchWanted.value = true
  go({ page: 'webhooks' })
}
