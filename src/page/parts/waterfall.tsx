import type { LifeStep } from '../../contract/page/deliveries.ts'
import { ago, duration, timeWithMs } from '../format.ts'
import { now } from '../live/now.ts'
import { brokenAxis } from './broken-axis.ts'
import { Visible } from './visible.tsx'

/** A delivery's life, a line for each step, on an axis on which long pauses are short. */
export function Waterfall({ steps }: { steps: readonly LifeStep[] }) {
  const place = brokenAxis(steps.map(stretchOf))
  return (
    <ol class="waterfall">
      {steps.map((step, at) => {
        const { left, width } = place(stretchOf(step))
        return (
          <li key={at}>
            <span>
              <Visible text={wordsOf(step)} />
            </span>
            <span class="track" aria-hidden="true">
              <span class={`step ${looksOf(step)}`} style={{ left: `min(${left}%, 100% - 4px)`, width: `${width}%` }} />
            </span>
            <span class="number" title={new Date(step.atMs).toISOString()}>
              {figureOf(step)}
            </span>
          </li>
        )
      })}
    </ol>
  )
}

/** With the status of the answer, where the words alone do not tell it. */
function wordsOf({ kind, says, status }: LifeStep): string {
  const isTold = kind !== 'attempt' || status === undefined || says.includes(String(status))
  return isTold ? says : `${says} ${status}`
}

function stretchOf({ atMs, durationMs = 0 }: LifeStep) {
  return { fromMs: atMs, untilMs: atMs + durationMs }
}

function looksOf({ kind, state }: LifeStep): string {
  if (kind === 'next') return 'next'
  if (state === 'Broken') return 'bad'
  if (kind === 'received' || kind === 'verified' || kind === 'sent') return kind
  return state === 'Good' ? 'good' : 'warn'
}

function figureOf({ kind, atMs, durationMs }: LifeStep): string {
  if (kind === 'next') return ago(atMs, now.value)
  return durationMs === undefined ? timeWithMs(atMs) : duration(durationMs)
}
