import type { Permission } from '../../contract/page/rights.ts'

/**
 * Starts something that the user may do. What they may not do stays in its place, can be reached by keyboard, and says
 * which right is missing.
 */
export function ActionButton({
  label,
  may,
  isMain = false,
  onAct,
}: {
  label: string
  may: Permission | undefined
  isMain?: boolean
  onAct: () => void
}) {
  const why = refusalOf(may)
  return (
    <button
      type="button"
      class={isMain ? 'act main' : 'act'}
      aria-disabled={why !== undefined}
      title={why}
      onClick={() => why === undefined && onAct()}
    >
      {label}
    </button>
  )
}

/** Why not, in a sentence; undefined where it may be done or tried. */
function refusalOf(may: Permission | undefined): string | undefined {
  if (may === undefined || may.may !== 'no') return undefined
  return `You may not: the right to ${may.missing.join(', and to ')} is missing.`
}

/** The same below a row of buttons, since a title is not seen on a touch screen. */
export function MissingRights({ of }: { of: Readonly<Record<string, Permission | undefined>> }) {
  const missing = Object.entries(of).flatMap(([label, may]) => (may?.may === 'no' ? [{ label, may }] : []))
  if (missing.length === 0) return null
  return (
    <ul class="notice caption" aria-label="Missing rights">
      {missing.map(({ label, may }) => (
        <li key={label}>
          <strong>{label}</strong> needs the right to {may.missing.join(', and to ')}.
        </li>
      ))}
    </ul>
  )
}
