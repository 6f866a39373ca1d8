/** What the keyboard does everywhere, and how the help tells it. */
export const shortcuts = [
  { keys: '/', does: 'search' },
  { keys: 'g o', does: 'go to the overview' },
  { keys: 'g w', does: 'go to the webhooks' },
  { keys: 'g d', does: 'go to the deliveries' },
  { keys: 'g l', does: 'go to the dead letters' },
  { keys: 'g p', does: 'go to the pending deliveries' },
  { keys: 'g i', does: 'go to the installation' },
  { keys: '?', does: 'show this' },
] as const

export type Shortcut = (typeof shortcuts)[number]['keys']

const known: ReadonlySet<string> = new Set(shortcuts.map(({ keys }) => keys))
const isShortcut = (keys: string): keys is Shortcut => known.has(keys)

/** How long after `g` the second key counts. */
const togetherMs = 1_500

/** From one key to the next: `g`, then a letter. */
export interface KeyState {
  readonly first: string
  readonly atMs: number
}

/** What a key means after the one before. Pure. */
export function readKey(
  key: string,
  atMs: number,
  before: KeyState | undefined,
): { does?: Shortcut; state?: KeyState } {
  const isSecond = before !== undefined && atMs - before.atMs <= togetherMs
  const keys = isSecond ? `${before.first} ${key}` : key
  if (isShortcut(keys)) return { does: keys }
  return key === 'g' ? { state: { first: 'g', atMs } } : {}
}
